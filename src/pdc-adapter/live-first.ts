import type { LateTaken } from '../recovery/index.ts'
import { LANE_TICK_MS, type LateLane, type Outlet } from './late-lane.ts'

/** A process that stood still for longer does not catch up on it at once. */
const MAX_TICK_MS = 10 * LANE_TICK_MS

/**
 * Late frames go out between live ones: so many may follow each live frame,
 * after those of the other streams that came with it. Where no live frame
 * comes, a clock gives the same pace.
 */
export class LiveFirstLane implements LateLane {
  readonly #outlet: Outlet
  readonly #rateMultiple: number
  /** Late frames that may go now. */
  #credit = 0
  /** Bytes of the last one. */
  #size = 1
  /** Somebody was told that there is no room. */
  #isWaitedFor = false
  #liveMs = Number.NEGATIVE_INFINITY
  #tickMs = Number.NEGATIVE_INFINITY

  constructor(outlet: Outlet, rateMultiple: number) {
    this.#outlet = outlet
    this.#rateMultiple = rateMultiple
  }

  live(frame: Uint8Array, _timeUs: number, nowMs: number): boolean {
    const taken = this.#outlet.output?.data(frame) ?? false
    this.#size = frame.length
    this.#liveMs = nowMs
    if (taken) this.#allow(this.#rateMultiple)
    return taken
  }

  late(frame: Uint8Array): LateTaken {
    this.#credit--
    this.#size = frame.length
    const taken = this.#outlet.output?.late(frame) ?? false
    if (!taken) this.#isWaitedFor = true
    return taken
  }

  lateRoom(): number {
    const room = this.#roomNow()
    if (room === 0) this.#isWaitedFor = true
    return room
  }

  configuration(): void {}

  tick(nowMs: number): void {
    const { output, rate } = this.#outlet
    const elapsedMs = Math.min(nowMs - this.#tickMs, MAX_TICK_MS)
    this.#tickMs = nowMs
    if (!output || output.receivers === 0 || nowMs - this.#liveMs < Math.max(LANE_TICK_MS, 2000 / rate)) return
    this.#allow((rate * this.#rateMultiple * elapsedMs) / 1000)
  }

  #roomNow(): number {
    const { output } = this.#outlet
    if (!output || output.receivers === 0 || this.#credit < 1) return 0
    return Math.min(Math.floor(this.#credit), Math.ceil(output.lateRoom / this.#size))
  }

  /** What was not used in time is not saved up: it would come as a burst. */
  #allow(frames: number): void {
    const most = Math.max(1, 2 * this.#rateMultiple, 2 * frames)
    this.#credit = Math.min(most, this.#credit + frames)
    if (!this.#isWaitedFor) return
    this.#isWaitedFor = false
    this.#outlet.room()
  }
}
