import { framesPerSecond, microsecondsOf } from '../../c37118/index.ts'
import { SlotCounter } from '../../streams/index.ts'

/** Latest frames that rate and percentiles are taken of, unless told. */
const KEPT = 5000

/** What arrived of one stream, against what its DATA_RATE promised. */
export class StreamStatistics {
  readonly #timeBase: number
  readonly #dataRate: number
  readonly #slots: SlotCounter
  /** Rings of the latest. */
  readonly #latencies: Float64Array
  readonly #arrivals: Float64Array
  frames = 0

  constructor({ dataRate, timeBase }: { readonly dataRate: number; readonly timeBase: number }, kept = KEPT) {
    this.#latencies = new Float64Array(kept)
    this.#arrivals = new Float64Array(kept)
    this.#dataRate = dataRate
    this.#timeBase = timeBase
    this.#slots = new SlotCounter(dataRate, timeBase)
  }

  /** `monotonicMs` for rates, `utcMs` for the latency: see runtime/clock. */
  arrived(soc: number, fraction: number, monotonicMs: number, utcMs: number): void {
    if (this.#dataRate !== 0) this.#slots.push(soc, fraction)
    const latency = utcMs - microsecondsOf({ soc, fraction }, this.#timeBase) / 1000
    const at = this.frames++ % this.#latencies.length
    this.#latencies[at] = latency
    this.#arrivals[at] = monotonicMs
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

  /** Frames per second as the latest arrived; undefined before there are two. */
  get measuredRate(): number | undefined {
    const kept = Math.min(this.frames, this.#arrivals.length)
    const last = this.#arrivals[(this.frames - 1) % this.#arrivals.length] ?? 0
    const first = this.#arrivals[(this.frames - kept) % this.#arrivals.length] ?? 0
    return kept < 2 || last === first ? undefined : ((kept - 1) * 1000) / (last - first)
  }

  /** Milliseconds from timestamp to arrival by this machine's UTC; includes what the PMU's window and filters take. */
  latency(): { readonly min: number; readonly p50: number; readonly p99: number; readonly max: number } | undefined {
    if (this.frames === 0) return undefined
    const sorted = this.#latencies.slice(0, this.frames).sort()
    const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!
    return { min: sorted[0]!, p50: at(0.5), p99: at(0.99), max: sorted.at(-1)! }
  }
}
