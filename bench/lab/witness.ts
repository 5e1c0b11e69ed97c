/**
 * Follows the logs of both ends and tells the judge; knows of each frame when it
 * was written, whether anybody had its stream on then, and when it was read.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { FrameLogTail, Judge } from '../../judge/index.ts'
import { monotonicMs } from './monotonic.ts'

export interface ReadFrame {
  readonly stream: string
  readonly writtenAtMs: number
  readonly readAtMs: number
}

export interface MissingFrame {
  readonly stream: string
  readonly writtenAtMs: number
  /** Nobody had turned its stream on when the PMU measured it. */
  readonly unheard: boolean
}

export interface WitnessOptions {
  readonly writtenLog: string
  readonly unheardLog: string
  readonly readLog: string
  /** Frames of a stream. */
  readonly duplicateMemory?: number
  readonly onWritten?: (atMs: number) => void
  readonly onRead?: (frame: ReadFrame) => void
}

/** A frame is written to its log within this time of being sent, unless the machine is full. */
const logLagMs = 100
/** And then within this; what is read of it meanwhile waits. */
const longestLogLagMs = 5_000

interface Reading {
  readonly stream: string
  readonly frame: Uint8Array
  readonly atMs: number
}

export class Witness {
  readonly judge: Judge
  readonly #written: FrameLogTail
  readonly #unheard: FrameLogTail
  readonly #read: FrameLogTail
  readonly #unheardFrames = new Set<string>()
  /** Readings of frames whose writing is in no log yet. */
  #unknown: Reading[] = []
  readonly #onWritten: (atMs: number) => void
  readonly #onRead: (frame: ReadFrame) => void

  constructor({ writtenLog, unheardLog, readLog, duplicateMemory = 40_000, ...told }: WitnessOptions) {
    const { onWritten = () => {}, onRead = () => {} } = told
    this.judge = new Judge({ duplicateMemory })
    this.#written = new FrameLogTail(writtenLog)
    this.#unheard = new FrameLogTail(unheardLog)
    this.#read = new FrameLogTail(readLog)
    this.#onWritten = onWritten
    this.#onRead = onRead
  }

  /** Takes in what the logs have by now. */
  async look(): Promise<void> {
    // What was read by now was written before; so once the writer's log has caught up, no reading is of an unknown frame.
    const readUpTo = this.#read.size
    await sleep(logLagMs)
    const writtenUpTo = this.#written.size
    for (const { stream, frame } of this.#unheard.read()) this.#unheardFrames.add(keyOf(stream, frame))
    for (const { stream, frame, atMs } of this.#written.read(writtenUpTo)) {
      this.judge.wrote(stream, frame, atMs)
      this.#onWritten(atMs)
    }
    const [before, nowMs] = [this.#unknown, monotonicMs()]
    this.#unknown = []
    for (const reading of before) this.#judge(reading, nowMs)
    for (const reading of this.#read.read(readUpTo)) this.#judge(reading, nowMs)
  }

  /** Readings that may be of frames that nobody wrote: as long as they stand, they count as such. */
  get unknown(): number {
    return this.#unknown.length
  }

  #judge(reading: Reading, nowMs: number): void {
    const { stream, frame, atMs } = reading
    if (!this.judge.knows(stream, frame) && nowMs - atMs < longestLogLagMs) {
      this.#unknown.push(reading)
      return
    }
    const writtenAtMs = this.judge.read(stream, frame, atMs)
    if (writtenAtMs !== undefined) this.#onRead({ stream, writtenAtMs, readAtMs: atMs })
  }

  /** Frames written in [fromMs, toMs) that nobody has read. */
  missing(fromMs: number, toMs: number): MissingFrame[] {
    const found: MissingFrame[] = []
    for (const { stream, frame, atMs = Number.NaN } of this.judge.missing()) {
      if (atMs < fromMs || atMs >= toMs) continue
      found.push({ stream, writtenAtMs: atMs, unheard: this.#unheardFrames.has(keyOf(stream, frame)) })
    }
    return found
  }

  close(): void {
    for (const tail of [this.#written, this.#unheard, this.#read]) tail.close()
  }
}

const keyOf = (stream: string, frame: Uint8Array): string => `${stream} ${Buffer.from(frame).toString('latin1')}`
