import { isLocalName } from '../config/address.ts'

/**
 * Browsers let any page open a WebSocket to any address its user can reach, this
 * machine's own included; they say in Origin which page it is (RFC 6454), and leave it to the server.
 */
export interface PageRules {
  /** Origins of other hosts whose pages may connect: `https://control.example:8443`. */
  readonly origins: readonly string[]
  /** It listens on loopback: whoever comes by another name than this machine's own was sent (DNS rebinding). */
  readonly isLoopback: boolean
}

/** By the headers of a request. What has no Origin is no page. */
export function mayConnect(
  { origin, host }: { readonly origin: string | undefined; readonly host: string | undefined },
  { origins, isLoopback }: PageRules,
): boolean {
  if (origin === undefined || origins.includes(origin)) return true
  if (isLoopback && !isLocalName(host)) return false
  return URL.canParse(origin) && new URL(origin).host === host?.toLowerCase()
}
