import type { Channel } from './channel.ts'

/**
 * Gives up a frame that began and does not end: noise has a SYNC and a
 * FRAMESIZE too, and would hold up what follows it for up to 64 KiB.
 */
export class Unsticker {
  readonly #channel: () => Channel | undefined
  #timer: NodeJS.Timeout | undefined
  #frames = 0
  /** Good frames at the last look, if something was pending then. */
  #framesBefore = -1

  /** Called at each look. */
  constructor(channel: () => Channel | undefined) {
    this.#channel = channel
  }

  /** Looks so often: what is pending over two looks without a good frame is given up. */
  watch(everyMs: number): void {
    clearInterval(this.#timer)
    this.#timer = setInterval(() => this.#tick(), everyMs)
  }

  /** A good frame of any kind came. */
  frame(): void {
    this.#frames++
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  #tick(): void {
    const channel = this.#channel()
    if (!channel) return
    if (channel.pending > 0 && this.#frames === this.#framesBefore) channel.flush()
    this.#framesBefore = channel.pending > 0 ? this.#frames : -1
  }
}
