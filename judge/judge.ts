/**
 * Decides whether what was read at one end of a line is what was written at the
 * other. It imports nothing of the product and trusts none of its code: frames
 * are bytes, the same bytes are the same frame, and the only thing it knows of
 * C37.118 is where the timestamp stands (bytes 6 to 13, SOC and FRACSEC).
 */
import { LatencyHistogram } from './latency-histogram.ts'

/** What became of one stream's frames. `published` = delivered once + lost + differing. */
export interface Verdict {
  /** Frames written, from the first that counts. */
  readonly published: number
  /** Frames read that are byte for byte a frame that was written, each counted once. */
  readonly delivered: number
  readonly lost: number
  /** Read again, byte for byte. */
  readonly duplicated: number
  /** Read with bytes that nobody wrote. */
  readonly differing: number
  /** Read after a frame that was written later. */
  readonly reordered: number
  readonly latency_ms: { readonly p50: number | null; readonly p99: number | null }
}

export interface JudgeOptions {
  /**
   * `first-written`: every frame counts. `first-read`: what was written before
   * the reader joined is not held against the line; a stream that was never
   * read at all is lost as a whole.
   */
  readonly from?: 'first-written' | 'first-read'
  /** Frames per stream that may be under way; the oldest beyond it counts as lost. */
  readonly maxUnderWay?: number
  /** How many frames back a second reading of the same bytes is known for what it is; beyond it, it is `differing`. */
  readonly duplicateMemory?: number
}

/** A frame that was written and has not been read. */
export interface Missing {
  readonly stream: string
  readonly frame: Uint8Array
  /** As it was told when the frame was written. */
  readonly atMs: number | undefined
}

export class Judge {
  readonly #streams = new Map<string, StreamJudge>()
  readonly #latency = new LatencyHistogram()
  readonly #options: Required<JudgeOptions>

  constructor({ from = 'first-written', maxUnderWay = 1_000_000, duplicateMemory = 4096 }: JudgeOptions = {}) {
    this.#options = { from, maxUnderWay, duplicateMemory }
  }

  /** A frame is about to leave the sender. Times are milliseconds of one monotonic clock. */
  wrote(stream: string, frame: Uint8Array, atMs?: number): void {
    this.#stream(stream).wrote(frame, atMs)
  }

  /** A frame has reached the reader. Returns when it was written, if it is one that was and this is its first reading. */
  read(stream: string, frame: Uint8Array, atMs?: number): number | undefined {
    const wroteAtMs = this.#stream(stream).read(frame)
    if (wroteAtMs !== undefined && atMs !== undefined) this.#latency.add(atMs - wroteAtMs)
    return wroteAtMs
  }

  /** Whether this frame was written, as far as it was told, and is remembered. */
  knows(stream: string, frame: Uint8Array): boolean {
    return this.#stream(stream).knows(frame)
  }

  get streams(): readonly string[] {
    return [...this.#streams.keys()]
  }

  /** Of one stream, or of all together. What is still under way counts as lost. */
  verdict(stream?: string): Verdict {
    const judged = stream === undefined ? [...this.#streams.values()] : [this.#stream(stream)]
    const sum = (of: (one: StreamJudge) => number): number => judged.reduce((total, one) => total + of(one), 0)
    return {
      published: sum((one) => one.published),
      delivered: sum((one) => one.delivered),
      lost: sum((one) => one.lost),
      duplicated: sum((one) => one.duplicated),
      differing: sum((one) => one.differing),
      reordered: sum((one) => one.reordered),
      latency_ms: { p50: this.#latency.quantile(0.5), p99: this.#latency.quantile(0.99) },
    }
  }

  /** Frames written and not yet read, over all streams. */
  get underWay(): number {
    let count = 0
    for (const stream of this.#streams.values()) count += stream.underWay
    return count
  }

  /** Each of them, oldest first within a stream. */
  *missing(): Generator<Missing, void, void> {
    for (const [name, stream] of this.#streams) {
      for (const { frame, atMs } of stream.missing()) yield { stream: name, frame, atMs }
    }
  }

  #stream(name: string): StreamJudge {
    let found = this.#streams.get(name)
    if (!found) {
      found = new StreamJudge(this.#options)
      this.#streams.set(name, found)
    }
    return found
  }
}

interface Written {
  readonly sequence: number
  readonly atMs: number | undefined
  readonly timestamp: string
}

class StreamJudge {
  delivered = 0
  duplicated = 0
  differing = 0
  reordered = 0
  #givenUp = 0
  #written = 0
  #skippedBefore = 0
  #lastReadSequence = -1
  #hasRead: boolean
  readonly #maxUnderWay: number
  readonly #duplicateMemory: number
  /** By bytes; the same bytes may be written more than once. */
  readonly #underWay = new Map<string, Written[]>()
  #underWayCount = 0
  readonly #delivered = new Set<string>()

  constructor({ from, maxUnderWay, duplicateMemory }: Required<JudgeOptions>) {
    this.#hasRead = from === 'first-written'
    this.#maxUnderWay = maxUnderWay
    this.#duplicateMemory = duplicateMemory
  }

  get published(): number {
    return this.#written - this.#skippedBefore
  }

  get underWay(): number {
    return this.#underWayCount
  }

  get lost(): number {
    return this.#givenUp + this.#underWayCount
  }

  *missing(): Generator<{ readonly frame: Uint8Array; readonly atMs: number | undefined }, void, void> {
    for (const [key, entries] of this.#underWay) {
      for (const { atMs } of entries) yield { frame: Buffer.from(key, 'latin1'), atMs }
    }
  }

  wrote(frame: Uint8Array, atMs: number | undefined): void {
    const key = keyOf(frame)
    const entry: Written = { sequence: this.#written++, atMs, timestamp: timestampOf(frame) }
    const same = this.#underWay.get(key)
    if (same) same.push(entry)
    else this.#underWay.set(key, [entry])
    this.#underWayCount++
    if (this.#underWayCount > this.#maxUnderWay) this.#giveUpOldest()
  }

  knows(frame: Uint8Array): boolean {
    const key = keyOf(frame)
    return this.#underWay.has(key) || this.#delivered.has(key)
  }

  /** When the frame was written, if it is one that was. */
  read(frame: Uint8Array): number | undefined {
    const key = keyOf(frame)
    const entry = this.#take(key)
    if (!entry) {
      if (this.#delivered.has(key)) this.duplicated++
      else this.#foreign(frame)
      return undefined
    }
    if (!this.#hasRead) this.#startAt(entry.sequence)
    this.delivered++
    if (entry.sequence < this.#lastReadSequence) this.reordered++
    else this.#lastReadSequence = entry.sequence
    this.#remember(key)
    return entry.atMs
  }

  /** Bytes nobody wrote. The frame of the same timestamp, if one is under way, is the one that was altered. */
  #foreign(frame: Uint8Array): void {
    this.differing++
    const timestamp = timestampOf(frame)
    for (const [key, entries] of this.#underWay) {
      if (entries[0]?.timestamp !== timestamp) continue
      this.#take(key)
      return
    }
  }

  #take(key: string): Written | undefined {
    const entries = this.#underWay.get(key)
    const entry = entries?.shift()
    if (!entry) return undefined
    if (entries?.length === 0) this.#underWay.delete(key)
    this.#underWayCount--
    return entry
  }

  #startAt(sequence: number): void {
    this.#hasRead = true
    for (const [key, entries] of this.#underWay) {
      const later = entries.filter((entry) => entry.sequence > sequence)
      this.#underWayCount -= entries.length - later.length
      if (later.length === 0) this.#underWay.delete(key)
      else this.#underWay.set(key, later)
    }
    this.#skippedBefore = sequence
    this.#givenUp = 0
  }

  #giveUpOldest(): void {
    const oldest = this.#underWay.keys().next().value
    if (oldest === undefined) return
    this.#take(oldest)
    this.#givenUp++
  }

  #remember(key: string): void {
    this.#delivered.add(key)
    if (this.#delivered.size <= this.#duplicateMemory) return
    const oldest = this.#delivered.values().next().value
    if (oldest !== undefined) this.#delivered.delete(oldest)
  }
}

const keyOf = (frame: Uint8Array): string => bufferOf(frame).latin1Slice()

/** SOC and FRACSEC, time quality included. */
const timestampOf = (frame: Uint8Array): string => bufferOf(frame).latin1Slice(6, 14)

const bufferOf = (bytes: Uint8Array): Buffer & { latin1Slice(start?: number, end?: number): string } =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength) as never
