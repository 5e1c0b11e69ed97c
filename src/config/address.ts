import { isIP } from 'node:net'
import { z } from 'zod'

export interface Address {
  readonly host: string
  readonly port: number
}

/** `10.0.0.7:4712`, `[fe80::1]:4712`, `pmu-7.example:4712`; the port may be left out where there is a default. */
export function parseAddress(text: string, defaultPort?: number): Address | string {
  const match = /^(?:\[([^\]]*)\]|([^:[\]\s]*))(?::(\d+))?$/.exec(text)
  if (!match) {
    return isIP(text) === 6
      ? `an IPv6 address stands in brackets: [${text}]`
      : `\`${text}\` is no address; write HOST:PORT`
  }
  const host = match[1] ?? match[2] ?? ''
  if (host === '') return `\`${text}\` has no host; 0.0.0.0 stands for every address of this machine`
  if (match[1] !== undefined && isIP(host) !== 6) return `\`${host}\` in brackets is no IPv6 address`
  if (/^[\d.]+$/.test(host) && isIP(host) !== 4) return `\`${host}\` is no IPv4 address`
  if (isIP(host) === 0 && !/^[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?$/.test(host))
    return `\`${host}\` is no host name`
  const port = match[3] === undefined ? defaultPort : Number(match[3])
  if (port === undefined) return `\`${text}\` has no port; write HOST:PORT`
  if (port > 65_535) return `port ${port} is above 65535`
  return { host, port }
}

export const formatAddress = ({ host, port }: Address): string => `${host.includes(':') ? `[${host}]` : host}:${port}`

/** Of this machine alone. */
export const isLoopback = (host: string): boolean => host === 'localhost' || host === '::1' || /^127\./.test(host)

/** A field that reads as HOST:PORT and comes out as an {@link Address}. Port 0 takes any free one. */
export const address = (defaultPort?: number) =>
  z.string().transform((text, context): Address => {
    const parsed = parseAddress(text, defaultPort)
    if (typeof parsed !== 'string') return parsed
    context.issues.push({ code: 'custom', input: text, message: parsed })
    return z.NEVER
  })

/** IPv4 224.0.0.0/4 or IPv6 ff00::/8. */
export function isMulticast(host: string): boolean {
  if (isIP(host) === 6) return host.toLowerCase().startsWith('ff')
  if (isIP(host) !== 4) return false
  const first = Number(host.split('.')[0])
  return first >= 224 && first <= 239
}

/** Every address of the machine, in either family. */
export const isWildcard = (host: string): boolean => host === '0.0.0.0' || host === '::'

/** `10.0.0.0/8`, `10.0.0.7`, `fd00::/8`. */
export const network = z.string().refine(isNetwork, 'neither an address nor a network such as 10.0.0.0/8')

function isNetwork(text: string): boolean {
  const [host, prefix, ...rest] = text.split('/')
  const family = isIP(host ?? '')
  if (family === 0 || rest.length > 0) return false
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 4 ? 32 : 128))
}

const LOCAL_NAMES = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/i

/** Whether a Host header names this machine as seen from itself. */
export const isLocalName = (host: string | undefined): boolean => LOCAL_NAMES.test(host ?? '')
