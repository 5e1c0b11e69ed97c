import type { AbsentRange, Lane, StreamLedger } from '../streams/index.ts'

/**
 * Where a consumer keeps, over restarts, what it holds.
 *
 * For one that stores no frames itself this is a {@link HeldFile}. One that
 * does (an archive) implements it over its own store instead, and writes
 * `ledger(stream).encode()`, or what the calls below say, in the transaction
 * that has the frames: then neither is ever there without the other.
 *
 * All calls are synchronous and never throw; times are microseconds since the
 * UNIX epoch, as the frames have them.
 */
export interface HeldStore {
  /** As it was left, or a new one; the same object for the same stream. The caller judges and takes. */
  ledger(stream: string): StreamLedger
  /** A frame that the ledger took is on its way to where it should be: it leaves after the next {@link flush}. */
  took(stream: string, timeUs: number, lane: Lane): void
  /** The ledger took a frame that is still on its way: it is not held until {@link took} is called. */
  kept(stream: string, timeUs: number, lane: Lane): void
  /** What was {@link kept} or {@link took} was released: it is pending again. */
  released(stream: string, timeUs: number, lane: Lane): void
  /** The ledger gave up a frame's slot as lost. */
  gaveUp(stream: string, timeUs: number, reason: string): void
  /** The ledger was told so. */
  absent(stream: string, ranges: readonly AbsentRange[]): void
  /** The ledger has slots pending again that it had told of as absent. */
  reopened(stream: string): void
  /** Nothing more is expected of the stream until it comes again. */
  retired(stream: string): void
  /**
   * Writes what was said since the last time. To be called before frames that
   * were {@link took} leave; what else is said is written by itself, at the end
   * of a turn of the event loop.
   */
  flush(): void
}
