import type { FrameFate } from './served-stream.ts'
import type { StreamCounters } from './server-counters.ts'

interface Unsent {
  readonly frame: Uint8Array
  readonly counters: StreamCounters
  readonly fate: FrameFate
}

/** Frames that a connection had no room for, oldest first: not a byte of them has left this process. */
export class UnsentFrames {
  #frames: Unsent[] = []
  #first = 0
  #bytes = 0

  get length(): number {
    return this.#frames.length - this.#first
  }

  get bytes(): number {
    return this.#bytes
  }

  push(frame: Uint8Array, counters: StreamCounters, fate: FrameFate): void {
    this.#frames.push({ frame, counters, fate })
    this.#bytes += frame.length
  }

  /** The oldest, to be sent now. */
  take(): Uint8Array {
    const { frame, counters, fate } = this.#frames[this.#first++]!
    this.#bytes -= frame.length
    if (this.length === 0) {
      this.#frames = []
      this.#first = 0
    }
    counters.sent.add()
    fate.sent(frame)
    return frame
  }

  /** They never will be. */
  release(): number {
    const released = this.#frames.slice(this.#first)
    this.#frames = []
    this.#first = 0
    this.#bytes = 0
    for (const { frame, counters, fate } of released) {
      counters.dropped.add()
      fate.unsent(frame)
    }
    return released.length
  }
}
