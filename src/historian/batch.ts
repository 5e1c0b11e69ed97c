import type { ArchivedStretch } from './archived-stretches.ts'
import { hourOf, Kind } from './schema.ts'

/** A ledger, and what it has let go of since it was written down last. */
export interface Held {
  readonly stream: number
  readonly ledger: Uint8Array
  readonly archived?: readonly ArchivedStretch[]
}

/** Frames on their way to the store, in columns. */
export class Batch {
  readonly streams: number[] = []
  readonly epochs: number[] = []
  /** In which they are filed. */
  readonly hours: number[] = []
  readonly timesUs: number[] = []
  readonly kinds: Kind[] = []
  readonly frames: Uint8Array[] = []
  readonly newStreams: { readonly stream: number; readonly topic: string }[] = []
  readonly newConfigurations: {
    readonly epoch: number
    readonly stream: number
    readonly sinceUs: number
    readonly frames: Uint8Array
  }[] = []
  /** Of streams that changed: what is held, as it was when the batch was cut. */
  held: Held[] = []
  bytes = 0

  get isEmpty(): boolean {
    return this.frames.length + this.newStreams.length + this.newConfigurations.length + this.held.length === 0
  }

  /**
   * `nowUs`: what stands outside the accounts has any time, and is filed in the hour in which it came: or a clock that
   * is wild would make a file for each of its frames.
   */
  add(stream: number, epoch: number, timeUs: number, kind: Kind, frame: Uint8Array, nowUs = timeUs): void {
    this.streams.push(stream)
    this.epochs.push(epoch)
    this.hours.push(hourOf(kind === Kind.outside ? nowUs : timeUs))
    this.timesUs.push(timeUs)
    this.kinds.push(kind)
    this.frames.push(frame)
    this.bytes += frame.length
  }
}
