import { framesPerSecond, microsecondsOf } from '../../c37118/index.ts'
import { SlotCounter } from '../../streams/index.ts'

/** Latest latencies that percentiles are taken of, unless told. */
const KEPT = 5000

/** What arrived of one stream, against what its DATA_RATE promised. */
export class StreamStatistics {
  readonly #timeBase: number
  readonly #dataRate: number
  readonly #slots: SlotCounter
  /** A ring of the latest. */
  readonly #latencies: Float64Array
  #firstMs = 0
  #lastMs = 0
  frames = 0

  constructor({ dataRate, timeBase }: { readonly dataRate: number; readonly timeBase: number }, kept = KEPT) {
    this.#latencies = new Float64Array(kept)
    this.#dataRate = dataRate
    this.#timeBase = timeBase
    this.#slots = new SlotCounter(dataRate, timeBase)
  }

  /** `monotonicMs` for rates, `utcMs` for the latency: see runtime/clock. */
  arrived(soc: number, fraction: number, monotonicMs: number, utcMs: number): void {
    if (this.frames === 0) this.#firstMs = monotonicMs
    this.#lastMs = monotonicMs
    if (this.#dataRate !== 0) this.#slots.push(soc, fraction)
    const latency = utcMs - microsecondsOf({ soc, fraction }, this.#timeBase) / 1000
    this.#latencies[this.frames++ % this.#latencies.length] = latency
  }

  /** Slots between the first and the last frame that no frame came for. */
  get lost(): number {
    return this.#slots.missing
  }

  get duplicates(): number {
    return this.#slots.duplicates
  }

  get stepsBack(): number {
    return this.#slots.stepsBack
  }

  get offGrid(): number {
    return this.#slots.offGrid
  }

  /** Frames per second that DATA_RATE promises; 0 if it says nothing. */
  get configuredRate(): number {
    return framesPerSecond(this.#dataRate)
  }

  /** Frames per second as they arrived; undefined before there are two. */
  get measuredRate(): number | undefined {
    const seconds = (this.#lastMs - this.#firstMs) / 1000
    return this.frames < 2 || seconds === 0 ? undefined : (this.frames - 1) / seconds
  }

  /** Milliseconds from timestamp to arrival by this machine's UTC; includes what the PMU's window and filters take. */
  latency(): { readonly min: number; readonly p50: number; readonly p99: number; readonly max: number } | undefined {
    if (this.frames === 0) return undefined
    const sorted = this.#latencies.slice(0, this.frames).sort()
    const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!
    return { min: sorted[0]!, p50: at(0.5), p99: at(0.99), max: sorted.at(-1)! }
  }
}
