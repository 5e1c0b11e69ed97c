import { CodedError } from '../runtime/coded-error.ts'

/** What can end or prevent a session with a PMU, or keep a server from its port. */
export type LinkFault =
  | { readonly code: 'LINK_CONNECT_FAILED'; readonly address: string; readonly reason: string }
  | { readonly code: 'LINK_CLOSED_BY_PEER'; readonly address: string }
  | { readonly code: 'LINK_FAILED'; readonly address: string; readonly reason: string }
  /** Nobody answered CFG-2 or CFG-3, and no saved configuration was given. */
  | { readonly code: 'LINK_NO_CONFIGURATION'; readonly address: string; readonly attempts: number }
  /** Data frames of another size than the configuration says, also after it was read again. */
  | {
      readonly code: 'LINK_UNDESCRIBED'
      readonly address: string
      readonly size: number
      readonly expected: number
    }
  /** No frame of the stream for `silentMs`. */
  | { readonly code: 'LINK_SILENT'; readonly address: string; readonly silentMs: number }
  /** The capture that was listened to came to its end. */
  | { readonly code: 'LINK_ENDED'; readonly address: string }
  | { readonly code: 'LINK_SAVED_CONFIGURATION_BAD'; readonly path: string; readonly reason: string }
  | { readonly code: 'LINK_LISTEN_FAILED'; readonly address: string; readonly reason: string }
  | { readonly code: 'LINK_IDCODE_TAKEN'; readonly idcode: number }
  | { readonly code: 'LINK_NOT_COMMANDED'; readonly address: string }

export class LinkError extends CodedError<LinkFault> {}

/** Short cause of a system error: its code where it has one (`ECONNREFUSED`). */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message
}
