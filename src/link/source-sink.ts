import type { LinkFault } from './link-error.ts'

/** Why a stream is not online: what ended the session, or `LINK_STOPPED` after an abort. */
export type OfflineReason = LinkFault | { readonly code: 'LINK_STOPPED' }

/** Why what came is no data frame that can be used. */
export type UnusableReason =
  /** Bytes that are no frame with a right CHK: noise on the way. */
  | 'bad-checksum'
  /** Of a configuration that was not known when it came. */
  | 'other-size'
  /** While listening in: bytes that the capture does not have. */
  | 'not-captured'

/**
 * Takes what one PMU sends. Every call is synchronous and on the main path: it
 * must not throw, and should not allocate.
 */
export interface SourceSink {
  /**
   * Every data frame of the IDCODE with a right CHK, byte for byte, in the
   * order it came. Never before the configuration that describes it. A view
   * that may be kept; it keeps its chunk (up to 64 KiB) alive.
   */
  data(frame: Uint8Array): void
  /**
   * CFG-1, CFG-2 or all fragments of a CFG-3, byte for byte, each time one
   * comes, changed or not. `inForce` says that the data frames from here on
   * are described by it: CFG-2, or a CFG-3 as long as no CFG-2 came.
   */
  configuration(fragments: readonly Uint8Array[], inForce: boolean): void
  header(frame: Uint8Array): void
  /**
   * Something came, after the last data frame and before the next, that could
   * be a data frame of the stream and cannot be used.
   */
  unusable?(reason: UnusableReason): void
  /** The way to the PMU is open: its address. */
  opened?(address: string): void
  /** A command was sent to the PMU (CMD). */
  asked?(command: number): void
  /** Data flows; the first frame follows. */
  online(): void
  /** Data flows no more, or could not be reached: once for each session and attempt that ends. */
  offline(reason: OfflineReason): void
}
