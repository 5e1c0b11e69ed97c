import type { Bus } from '../bus/index.ts'
import type { AbsentRange, StreamState } from '../streams/index.ts'
import type { ConsumedStream } from './consumed-stream.ts'
import type { Epoch } from './epochs.ts'
import type { Given } from './late-hand.ts'

/** What the clocks say: monotonic and UTC, in milliseconds. */
export interface Instant {
  readonly nowMs: number
  readonly utcMs: number
}

/** What a consumer does about timestamps that it lacks. */
export interface Remedy {
  /** By which live frames come. */
  readonly bus: Bus
  follow(stream: ConsumedStream, utcMs: number): void
  leave(stream: ConsumedStream): void
  state(stream: ConsumedStream, state: StreamState): void
  left(stream: ConsumedStream, node: string): void
  /** The oldest that is to be fetched again, for a PDC has completed it; `undefined`: nothing is. */
  unfetchedUs?(stream: ConsumedStream): number | undefined
  /** A live frame came so much later than the best of its stream. On the hot path. */
  live(lateMs: number, nowMs: number): void
  /** The connection by which live frames come is gone. */
  lost(nowMs: number): void
  /** The sink has room for late frames of this stream. */
  room(stream: ConsumedStream): void
  /** It lacks something that it had. */
  retry(stream: ConsumedStream): void
  /** Called ten times a second, after slots were closed by the clock. */
  tick(now: Instant): void
  /** Called about every second, with the shortest reporting period of the streams that are live. */
  turn(nowMs: number, periodMs?: number): void
  close(): void
}

/** What a remedy needs of its consumer. */
export interface RemedyHooks {
  /** Streams by topic. */
  readonly streams: ReadonlyMap<string, ConsumedStream>
  /** The stream, followed from here on if it was not. */
  streamOf(topic: string): ConsumedStream
  /** Late frames of it that the sink would take now. */
  room(stream: ConsumedStream): number
  /** A late frame, CHK and size right. */
  give(stream: ConsumedStream, frame: Uint8Array, epoch: Epoch): Given
  /** Whether frames are wanted that complete earlier ones: see `ConsumerSink.revised`. */
  readonly takesRevisions: boolean
  /** `false`: nobody is there to take it. */
  revise(stream: ConsumedStream, frame: Uint8Array, epoch: Epoch): boolean
  /** What is pending in these ranges will not come; the best verdict first. Returns how many slots it ended. */
  explain(stream: ConsumedStream, ranges: readonly AbsentRange[]): number
  /** What is absent in [fromUs, toUs) is pending again, but what is lost for one of these reasons. Returns how many slots. */
  reopen(stream: ConsumedStream, fromUs: number, toUs: number, except: ReadonlySet<string>): number
}

/** Whatever is pending, and why it will not come. */
export function allLost(reason: string, beforeUtcMs = Number.POSITIVE_INFINITY): readonly AbsentRange[] {
  return [{ fromUs: Number.NEGATIVE_INFINITY, toUs: beforeUtcMs * 1000, verdict: 'lost', reason }]
}
