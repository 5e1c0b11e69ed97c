import type { LinkError } from './link-error.ts'
import type { FrameDiscard } from './source-counters.ts'

/** Who takes what a channel brings. Every call is synchronous. */
export interface ChannelReceiver {
  /** IDCODE of the stream; shared sockets hand on only its frames. */
  readonly idcode: number
  /** A frame of right CHK, of any type; over TCP also of any IDCODE. A view that may be kept. */
  frame(frame: Uint8Array): void
  /** Bytes that arrived, good or bad. */
  received(bytes: number): void
  /** Bytes that belong to no good frame. */
  discarded(bytes: number, reason: string): void
  /** A whole frame that is none of ours: of another flow or sender. */
  ignored(reason: FrameDiscard): void
}

/** An open way to a PMU, or to where its frames pass by. */
export interface Channel {
  /** Where it leads, for logs. */
  readonly address: string
  /** False where nobody can be asked: unasked output, listening in. */
  readonly commanded: boolean
  /** Bytes of a frame that began and did not end yet. */
  readonly pending: number
  /** Frames of wrong CHK so far. */
  readonly badChecksums: number
  /** Gives up the frame that did not end. */
  flush(): void
  send(command: Uint8Array): void
  /** Why no more comes; never rejects. */
  readonly closed: Promise<LinkError>
  /** Lets what was sent go out, within half a second, and frees everything. */
  close(): Promise<void>
}

export interface OpenOptions {
  readonly connectMs: number
  readonly signal: AbortSignal
}

/** IPv4 addresses as such, also where a dual-stack socket shows them as IPv6. */
export function plainAddress(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice('::ffff:'.length) : address
}
