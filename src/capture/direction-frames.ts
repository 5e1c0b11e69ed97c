import { type DiscardReason, FrameSplitter, idcodeOf } from '../c37118/index.ts'

/** What one direction of a flow gave. */
export interface DirectionStats {
  frames: number
  /** Bytes of frames and of everything else. */
  bytes: number
  /** Bytes that belong to no frame with a right CHK. */
  discardedBytes: number
  /** Candidates with a plausible header and a wrong CHK. */
  badChecksums: number
  /** Places where the capture misses TCP bytes, and how many where that is known. */
  gaps: number
  missingBytes: number
}

export interface DirectionSink {
  frame(frame: Uint8Array, timeUs: number | undefined): void
  discard(count: number, reason: DiscardReason): void
  gap(missingBytes: number | undefined, timeUs: number | undefined): void
}

/**
 * The frames of one direction. Nobody says which flows carry C37.118, and one
 * in 65,536 accidents has a right CHK: so a direction is *proven* by a frame
 * that follows on the beginning, on a gap or on another frame without a byte
 * between, or by two of one IDCODE. Until then its frame is kept back and its
 * noise is nobody's loss.
 */
export class DirectionFrames {
  readonly #sink: DirectionSink
  readonly #splitter: FrameSplitter
  readonly #onFrame = (frame: Uint8Array): void => this.#frame(frame)
  #timeUs: number | undefined
  #kept: { readonly frame: Uint8Array; readonly timeUs: number | undefined } | undefined
  /** Bytes discarded since the beginning, the last frame or the last gap. */
  #noise = 0
  readonly #unreported = new Map<DiscardReason, number>()
  #unreportedGap: { missingBytes: number | undefined; readonly timeUs: number | undefined } | undefined
  proven: boolean
  readonly #stats = { frames: 0, bytes: 0, discardedBytes: 0, gaps: 0, missingBytes: 0 }

  constructor(sink: DirectionSink, proven: boolean) {
    this.#sink = sink
    this.proven = proven
    this.#splitter = new FrameSplitter({ onDiscard: (count, reason) => this.#discard(count, reason) })
  }

  get stats(): DirectionStats {
    return { ...this.#stats, badChecksums: this.#splitter.badChecksums }
  }

  /** Bytes that wait for the rest of their frame. */
  get pending(): number {
    return this.#splitter.pending
  }

  push(bytes: Uint8Array, timeUs: number | undefined): void {
    this.#timeUs = timeUs
    this.#stats.bytes += bytes.length
    this.#splitter.push(bytes, this.#onFrame)
  }

  /** What follows does not continue what came: the incomplete frame is given up, nothing behind it waits for it. */
  cut(timeUs: number | undefined): void {
    this.#timeUs = timeUs
    this.#splitter.flush(this.#onFrame)
    this.#noise = 0
  }

  gap(missingBytes: number | undefined, timeUs: number | undefined): void {
    this.#stats.gaps++
    this.#stats.missingBytes += missingBytes ?? 0
    this.cut(timeUs)
    if (this.proven) this.#sink.gap(missingBytes, timeUs)
    else this.#unreportedGap = { missingBytes: sum(this.#unreportedGap?.missingBytes, missingBytes), timeUs }
  }

  /** The flow is over: a frame that was kept back is taken for one after all. */
  end(): void {
    this.cut(this.#timeUs)
    if (this.#kept) this.#prove()
  }

  #frame(frame: Uint8Array): void {
    if (this.proven) {
      this.#emit(frame, this.#timeUs)
      return
    }
    const follows = this.#noise === 0
    const again = this.#kept !== undefined && idcodeOf(this.#kept.frame) === idcodeOf(frame)
    this.#noise = 0
    if (follows || again) {
      this.#prove()
      this.#emit(frame, this.#timeUs)
    } else {
      this.#kept = { frame, timeUs: this.#timeUs }
    }
  }

  #prove(): void {
    this.proven = true
    for (const [reason, count] of this.#unreported) this.#sink.discard(count, reason)
    this.#unreported.clear()
    if (this.#unreportedGap) this.#sink.gap(this.#unreportedGap.missingBytes, this.#unreportedGap.timeUs)
    this.#unreportedGap = undefined
    if (this.#kept) this.#emit(this.#kept.frame, this.#kept.timeUs)
    this.#kept = undefined
  }

  #emit(frame: Uint8Array, timeUs: number | undefined): void {
    this.#stats.frames++
    this.#sink.frame(frame, timeUs)
  }

  #discard(count: number, reason: DiscardReason): void {
    this.#noise += count
    this.#stats.discardedBytes += count
    if (this.proven) this.#sink.discard(count, reason)
    else this.#unreported.set(reason, (this.#unreported.get(reason) ?? 0) + count)
  }
}

function sum(before: number | undefined, more: number | undefined): number | undefined {
  return before === undefined ? more : before + (more ?? 0)
}
