/** One stream that is played back: frames around the playhead, and what was shown of them so far. */
import type { MeasurementBuffer } from '../scene/measurement-buffer.ts'
import type { RingRoom } from '../scene/ring-room.ts'
import type { SceneStream } from '../scene/scene.ts'
import { silentAfterMs } from '../scene/silence.ts'
import type { Described, TimedFrame } from './stored-frames.ts'

/** Seconds of frames that are kept after they were shown: for steps back. */
const BEHIND_US = 60e6

export class Track implements SceneStream {
  readonly topic: string
  buffer: MeasurementBuffer | undefined
  hasNoRoom = false
  /** Why frames are missing; they are asked for again. */
  trouble: string | undefined
  /** The historian knows it by its frames. */
  readonly wasHeard = true
  /** By so many; frames are asked for as long as it is by any. */
  wanted = 0
  /** Bytes of the frames that are held. */
  bytes = 0
  /** Of all frames from here to `toUs`, exclusive, it is known which there are. */
  fromUs = 0
  toUs = 0
  /** What the newest frame that came is read by. */
  by: Described | undefined
  /** When it is asked for again after it failed, by the scene's clock. */
  retryAtMs = Number.NEGATIVE_INFINITY
  readonly #playheadUs: () => number
  readonly #rings: RingRoom
  readonly #isFilling: () => boolean
  #shown: Described | undefined
  #frames: TimedFrame[] = []
  /** Frames before this place were shown. */
  #next = 0

  /** `isFilling`: frames up to the playhead are still to be shown. */
  constructor(topic: string, rings: RingRoom, playheadUs: () => number, isFilling: () => boolean) {
    this.topic = topic
    this.#rings = rings
    this.#playheadUs = playheadUs
    this.#isFilling = isFilling
  }

  get isUntold(): boolean {
    return !this.isLeftOut && this.#isFilling()
  }

  get isLeftOut(): boolean {
    return this.wanted === 0
  }

  get isOnline(): boolean {
    const { silentS } = this
    return silentS !== undefined && silentS * 1000 < silentAfterMs(this.buffer?.rate)
  }

  get silentS(): number | undefined {
    const timeS = this.#isFilling() ? undefined : this.buffer?.timeS
    return timeS === undefined ? undefined : (this.#playheadUs() - timeS * 1e6) / 1e6
  }

  /** A frame that follows those that are held; others are left out. */
  add(frame: TimedFrame): void {
    if (frame.timeUs < this.toUs) return
    const last = this.#frames.at(-1)
    if (last && frame.timeUs <= last.timeUs) return
    this.#frames.push(frame)
    this.by = frame.by
    this.bytes += frame.frame.length
  }

  /** Of the last frame that is held. */
  get lastUs(): number | undefined {
    return this.#frames.at(-1)?.timeUs
  }

  /** Shows frames up to this time, until `isEnough`. Whether all are. */
  show(toUs: number, isEnough: () => boolean): boolean {
    for (; this.#next < this.#frames.length; this.#next++) {
      const { timeUs, frame, by } = this.#frames[this.#next]!
      if (timeUs > toUs) return true
      if (isEnough()) return false
      if (this.#shown !== by) {
        this.#shown = by
        this.buffer = this.#rings.bufferOf(by.configuration, this.buffer)
        this.hasNoRoom = this.buffer === undefined
      }
      this.buffer?.push(frame)
    }
    return true
  }

  /** Time of the next frame that is to be shown, if it is held. */
  get nextUs(): number | undefined {
    return this.#frames[this.#next]?.timeUs
  }

  /** Of the newest that was shown; `back` 1: of the one before it. */
  shownUs(back = 0): number | undefined {
    return this.#frames[this.#next - 1 - back]?.timeUs
  }

  /** Shows anew from here on. Whether that has to be asked for first, because it is not held. */
  rewind(fromUs: number): boolean {
    this.buffer?.clear()
    const isHeld = fromUs >= this.fromUs && fromUs < this.toUs
    if (!isHeld) {
      this.#frames = []
      this.bytes = 0
      this.fromUs = fromUs
      this.toUs = fromUs
    }
    this.#next = this.#frames.findIndex(({ timeUs }) => timeUs >= fromUs)
    if (this.#next < 0) this.#next = this.#frames.length
    return !isHeld
  }

  /** Lets go of what was shown long ago; and where that is too much, of half of what was shown. */
  trim(mostBytes: number): void {
    const beforeUs = this.#playheadUs() - BEHIND_US
    let count = 0
    while (count < this.#next && this.#frames[count]!.timeUs < beforeUs) count++
    if (this.bytes >= mostBytes) count = Math.max(count, Math.ceil(this.#next / 2))
    // What is at the front of a list costs its length to remove.
    if (count === 0 || (count < 256 && this.bytes < mostBytes)) return
    for (const { frame } of this.#frames.splice(0, count)) this.bytes -= frame.length
    this.#next -= count
    this.fromUs = this.#frames[0]?.timeUs ?? this.toUs
  }

  /** It is not wanted any more. */
  forget(): void {
    this.#rings.release(this.buffer)
    this.buffer = undefined
    this.#shown = undefined
    this.by = undefined
    this.rewind(Number.NEGATIVE_INFINITY)
  }
}
