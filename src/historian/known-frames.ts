import { digestOf } from '../streams/index.ts'
import { storedFrames } from './reading.ts'
import type { Store } from './store.ts'

/** What is looked up at once. */
const STRETCH_US = 600_000_000
/** Frames that are remembered, of all streams: about 200 MB. */
export const MAX_KNOWN_FRAMES = 4_000_000

/** Digests by time; several where frames of one time differ. */
type Stretch = Map<number, number | number[]>

export type Acquaintance = 'new' | 'same' | 'other'

/** Which frames a store has, to tell those that come again: ten minutes of a stream at a time. */
export class KnownFrames {
  readonly #store: Store
  readonly #maxFrames: number
  /** What was added and is not in the store yet is there when this resolves. */
  readonly #flush: () => Promise<void>
  /** Those that were asked for last are at the end. */
  readonly #stretches = new Map<string, Stretch>()
  #newest: string | undefined
  #frames = 0

  constructor(store: Store, flush: () => Promise<void>, maxFrames = MAX_KNOWN_FRAMES) {
    this.#store = store
    this.#flush = flush
    this.#maxFrames = maxFrames
  }

  /** What is known of this time; `other`: a frame with other bytes. A frame that is not the same is known from here on. */
  async meet(topic: string, timeUs: number, frame: Uint8Array): Promise<Acquaintance> {
    const number = Math.floor(timeUs / STRETCH_US)
    const key = `${topic} ${number}`
    let stretch = this.#stretches.get(key)
    if (stretch) {
      if (this.#newest !== key) {
        this.#stretches.delete(key)
        this.#stretches.set(key, stretch)
      }
    } else {
      stretch = await this.#read(topic, number)
      this.#stretches.set(key, stretch)
      this.#bound()
    }
    this.#newest = key
    const found = add(stretch, timeUs, digestOf(frame))
    if (found === 'new') this.#frames++
    return found
  }

  async #read(topic: string, number: number): Promise<Stretch> {
    const stretch: Stretch = new Map()
    await this.#flush()
    if (this.#store.find(topic) === undefined) return stretch
    const period = { fromUs: number * STRETCH_US, toUs: (number + 1) * STRETCH_US }
    for await (const { timeUs, frame } of storedFrames(this.#store, topic, period))
      add(stretch, timeUs, digestOf(frame))
    this.#frames += stretch.size
    return stretch
  }

  #bound(): void {
    for (const [key, { size }] of this.#stretches) {
      if (this.#frames <= this.#maxFrames || this.#stretches.size === 1) return
      this.#stretches.delete(key)
      this.#frames -= size
    }
  }
}

function add(stretch: Stretch, timeUs: number, digest: number): Acquaintance {
  const known = stretch.get(timeUs)
  if (known === undefined) {
    stretch.set(timeUs, digest)
    return 'new'
  }
  const all = typeof known === 'number' ? [known] : known
  if (all.includes(digest)) return 'same'
  stretch.set(timeUs, [...all, digest])
  return 'other'
}
