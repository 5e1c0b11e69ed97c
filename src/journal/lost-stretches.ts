/**
 * Between which times frames were received that nobody took. A frame from
 * another time than its neighbours is lost as well, but says nothing of the time
 * between: each lost frame stretches what is near it, and nothing else.
 */
import type { Between } from './journal-event.ts'
import { jumpOf } from './run-track.ts'

/** Of frames that stand alone the latest give way. */
const MAX_STRETCHES = 8
/** A session whose clock was not set shows its next frame sooner, or is over. */
const MOST_SILENCE_US = 60_000_000

export interface LostStretch extends Between {
  readonly count: number
}

interface Draft {
  fromUs: number
  toUs: number
  count: number
  /** The session goes on: its next frame may tell how far it reaches. */
  open: boolean
}

export class LostStretches {
  #stretches: Draft[] = []
  #jumpUs = jumpOf(0)

  set periodUs(periodUs: number) {
    this.#jumpUs = jumpOf(periodUs)
  }

  get isEmpty(): boolean {
    return this.#stretches.length === 0
  }

  /** As known so far; an open one may still grow. */
  get soFar(): readonly LostStretch[] {
    return this.#stretches
  }

  /** `lastUs`: of the run that went on until now. */
  add(us: number, lastUs: number | undefined): void {
    const near = this.#stretches.find(
      ({ fromUs, toUs, open }) => open && us >= fromUs - this.#jumpUs && us < toUs + this.#jumpUs,
    )
    if (near) {
      near.fromUs = Math.min(near.fromUs, us)
      near.toUs = Math.max(near.toUs, us + 1)
      near.count++
      return
    }
    if (this.#stretches.length === MAX_STRETCHES) this.#letOneGo()
    const goesOn = lastUs !== undefined && us > lastUs && us <= lastUs + this.#jumpUs
    this.#stretches.push({ fromUs: goesOn ? lastUs + 1 : us, toUs: us + 1, count: 1, open: true })
  }

  /** Their session is over: no later frame says anything of them. */
  close(): void {
    for (const stretch of this.#stretches) stretch.open = false
  }

  /** All of them, once. The one that a kept frame follows reaches up to it. */
  take(nextUs?: number): readonly LostStretch[] {
    const stretches = this.#stretches
    this.#stretches = []
    if (nextUs === undefined) return stretches
    const mostUs = Math.max(MOST_SILENCE_US, this.#jumpUs)
    const before = stretches.filter(({ toUs, open }) => open && toUs <= nextUs && nextUs - toUs <= mostUs)
    const last = before.sort((a, b) => a.toUs - b.toUs).at(-1)
    if (last) last.toUs = nextUs
    return stretches
  }

  #letOneGo(): void {
    const least = Math.min(...this.#stretches.map(({ count }) => count))
    const at = this.#stretches.findLastIndex(({ count }) => count === least)
    this.#stretches.splice(at, 1)
  }
}
