import { type Configuration, FrameType, framesPerSecond } from '../../c37118/index.ts'
import type { Direction } from '../../capture/index.ts'

export interface FrameCounts {
  data: number
  header: number
  config1: number
  config2: number
  config3: number
  command: number
}

const names = Object.fromEntries(Object.entries(FrameType).map(([name, type]) => [type, name])) as Readonly<
  Record<number, keyof FrameCounts>
>

/** A step forward beyond this is another time, no gap: missing frames are not counted. */
const JUMP_US = 3600e6
/** Steps are kept by tenths of a millisecond until the rate is known; so many different ones. */
const MAX_STEPS = 10_000

/** How the timestamps of one stream's data frames follow each other. Each is compared with the one before. */
export class StreamTally {
  readonly frames: FrameCounts = { data: 0, header: 0, config1: 0, config2: 0, config3: 0, command: 0 }
  chkErrors = 0
  discardedBytes = 0
  missingBytes = 0
  captureGaps = 0
  /** Data frames of another size than their configuration says, and configurations that make no sense. */
  undecodable = 0
  firstUs: number | undefined
  lastUs: number | undefined
  duplicates = 0
  stepsBack = 0
  #gaps = 0
  #missing = 0
  #jumps = 0
  #rate: number | undefined
  stations: readonly string[] = []
  /** The direction that data and configurations go. */
  dataWay: Direction | undefined
  /** Steps forward in 0.1 ms, from before the rate was known. */
  readonly #steps = new Map<number, number>()

  frame(type: FrameType): void {
    this.frames[names[type]!]++
  }

  configuration({ type, dataRate, pmus }: Configuration): void {
    this.stations = pmus.map(({ stn }) => stn)
    if (type !== FrameType.config1) this.rate = framesPerSecond(dataRate) || undefined
  }

  /** The DATA_RATE in force. */
  set rate(rate: number | undefined) {
    this.#rate = rate
    if (rate === undefined) return
    for (const [step, count] of this.#steps) for (let i = 0; i < count; i++) this.#step(step * 100, rate)
    this.#steps.clear()
  }

  get rate(): number | undefined {
    return this.#rate
  }

  /** The timestamp of a data frame, in µs since the UNIX epoch. */
  timestamp(us: number): void {
    const step = this.lastUs === undefined ? undefined : us - this.lastUs
    this.firstUs ??= us
    this.lastUs = us
    if (step === undefined) return
    if (step === 0) this.duplicates++
    else if (step < 0) this.stepsBack++
    else if (this.#rate !== undefined) this.#step(step, this.#rate)
    else this.#keep(Math.round(step / 100))
  }

  /** Places where at least one timestamp is missing, and how many are. */
  get gaps(): { readonly gaps: number; readonly missing: number; readonly jumps: number } {
    return { gaps: this.#gaps, missing: this.#missing, jumps: this.#jumps }
  }

  /** Without a configuration: the rate that the median step says. Also counts the gaps by it. */
  settle(): void {
    if (this.#rate !== undefined || this.#steps.size === 0) return
    const median = medianOf(this.#steps)
    const perSecond = 10_000 / median
    this.rate = perSecond >= 1 ? Math.round(perSecond) : 1 / Math.round(1 / perSecond)
  }

  #step(us: number, rate: number): void {
    if (us > JUMP_US) {
      this.#jumps++
      return
    }
    const missing = Math.round((us * rate) / 1e6) - 1
    if (missing < 1) return
    this.#gaps++
    this.#missing += missing
  }

  #keep(step: number): void {
    if (this.#steps.size < MAX_STEPS || this.#steps.has(step)) this.#steps.set(step, (this.#steps.get(step) ?? 0) + 1)
  }
}

function medianOf(steps: ReadonlyMap<number, number>): number {
  const sorted = [...steps].toSorted(([a], [b]) => a - b)
  let left = sorted.reduce((sum, [, count]) => sum + count, 0) / 2
  for (const [step, count] of sorted) {
    left -= count
    if (left <= 0) return Math.max(1, step)
  }
  return 1
}
