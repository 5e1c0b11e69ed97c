/** Room for the buffers of all streams of a page, so that whoever invents streams cannot make it hold more. */
import type { Configuration } from '../../../src/c37118/index.ts'
import { MeasurementBuffer } from './measurement-buffer.ts'

/** Bytes of all streams together: 512 of 50 frames/s and 20 channels have their whole minute. */
const MOST_BYTES = 256 * 2 ** 20

export class RingRoom {
  readonly #mostBytes: number
  #usedBytes = 0

  constructor(mostBytes = MOST_BYTES) {
    this.#mostBytes = mostBytes
  }

  get usedBytes(): number {
    return this.#usedBytes
  }

  /** In the place of `before`. A shorter one where room is short; undefined where there is none. */
  bufferOf(configuration: Configuration, before: MeasurementBuffer | undefined): MeasurementBuffer | undefined {
    this.release(before)
    const leftBytes = this.#mostBytes - this.#usedBytes
    const buffer = new MeasurementBuffer(configuration, leftBytes)
    if (buffer.bytes > leftBytes) return undefined
    this.#usedBytes += buffer.bytes
    return buffer
  }

  release(buffer: MeasurementBuffer | undefined): void {
    this.#usedBytes -= buffer?.bytes ?? 0
  }
}
