import type { MissingFrame, ReadFrame, Witness } from '../lab/witness.ts'
import { quantile } from '../support/quantiles.ts'

/** What a line carried of the frames that were written in a span of time. Times are monotonic milliseconds. */
export class Window {
  readonly beginMs: number
  published = 0
  /** In the order of their reading. */
  readonly reads: ReadFrame[] = []
  /** When the last of its frames was read. */
  lastReadMs = 0
  readonly #witness: Witness
  readonly #keepsReads: boolean
  readonly #before: { readonly duplicated: number; readonly differing: number }
  #endMs = Number.POSITIVE_INFINITY

  /** With `keepsReads: false` it counts only: for spans of which memory cannot hold every reading. */
  constructor(witness: Witness, beginMs: number, { keepsReads = true } = {}) {
    this.#witness = witness
    this.#keepsReads = keepsReads
    this.#before = witness.judge.verdict()
    this.beginMs = beginMs
  }

  get endMs(): number {
    return this.#endMs
  }

  /** What is written from now on is of no concern; readings still count. */
  end(atMs: number): void {
    this.#endMs = atMs
  }

  wrote(atMs: number): void {
    if (this.#holds(atMs)) this.published++
  }

  read(frame: ReadFrame): void {
    if (!this.#holds(frame.writtenAtMs)) return
    if (this.#keepsReads) this.reads.push(frame)
    this.lastReadMs = frame.readAtMs
  }

  missing(): MissingFrame[] {
    return this.#witness.missing(this.beginMs, this.#endMs)
  }

  /** Readings since the window was opened that were of frames read before, or of bytes nobody wrote. */
  get wrong(): { readonly duplicated: number; readonly differing: number } {
    const { duplicated, differing } = this.#witness.judge.verdict()
    return {
      duplicated: duplicated - this.#before.duplicated,
      differing: differing + this.#witness.unknown - this.#before.differing,
    }
  }

  /** When every stream had brought a frame that was written since; undefined while one has not. */
  liveAgainMs(sinceMs: number, streams: number): number | undefined {
    const first = new Map<string, number>()
    for (const { stream, writtenAtMs, readAtMs } of this.reads) {
      if (writtenAtMs >= sinceMs && !first.has(stream)) first.set(stream, readAtMs)
    }
    return first.size < streams ? undefined : Math.max(...first.values())
  }

  /** When the last frame that was written before then, but read after it, was read; undefined where there was none. */
  healedMs(atMs: number): number | undefined {
    const late = this.reads.filter(({ writtenAtMs, readAtMs }) => writtenAtMs < atMs && readAtMs > atMs)
    return late.at(-1)?.readAtMs
  }

  /** Of the frames written in that span. */
  latencyMs(fromMs: number, toMs: number): { readonly p50: number; readonly p99: number } {
    const latencies = this.reads
      .filter(({ writtenAtMs }) => writtenAtMs >= fromMs && writtenAtMs < toMs)
      .map(({ writtenAtMs, readAtMs }) => readAtMs - writtenAtMs)
    return { p50: quantile(latencies, 0.5), p99: quantile(latencies, 0.99) }
  }

  #holds(writtenAtMs: number): boolean {
    return writtenAtMs >= this.beginMs && writtenAtMs < this.#endMs
  }
}
