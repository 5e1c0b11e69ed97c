import type { StreamSink } from '../bus/index.ts'

/** CFG-1, CFG-3 or header. */
export type ExtraKind = Parameters<NonNullable<StreamSink['extra']>>[1]
export type Extras = Map<ExtraKind, readonly Uint8Array[]>

interface Waiting {
  readonly extras: Extras
  bytes: number
}

/** A configuration follows within one delivery; this is for hundreds of streams with the largest of extras. */
const MAX_BYTES = 16 * 1024 * 1024

/**
 * Extras of streams whose configuration has not come yet. It may never come:
 * beyond the bound the streams that have waited longest lose theirs.
 */
export class EarlyExtras {
  readonly #maxBytes: number
  readonly #onDropped: () => void
  /** Oldest first. */
  readonly #streams = new Map<string, Waiting>()
  #bytes = 0

  constructor(onDropped: () => void, maxBytes = MAX_BYTES) {
    this.#onDropped = onDropped
    this.#maxBytes = maxBytes
  }

  /** Bytes that wait. */
  get bytes(): number {
    return this.#bytes
  }

  put(stream: string, kind: ExtraKind, frames: readonly Uint8Array[]): void {
    const waiting = this.#streams.get(stream) ?? { extras: new Map(), bytes: 0 }
    const added = sizeOf(frames) - sizeOf(waiting.extras.get(kind) ?? [])
    waiting.extras.set(kind, frames)
    waiting.bytes += added
    this.#bytes += added
    this.#streams.set(stream, waiting)
    for (const oldest of this.#streams.keys()) {
      if (this.#bytes <= this.#maxBytes) break
      this.take(oldest)
      this.#onDropped()
    }
  }

  /** What waited for this stream's configuration, no longer kept here. */
  take(stream: string): Extras | undefined {
    const waiting = this.#streams.get(stream)
    if (!waiting) return undefined
    this.#streams.delete(stream)
    this.#bytes -= waiting.bytes
    return waiting.extras
  }
}

const sizeOf = (frames: readonly Uint8Array[]): number => frames.reduce((sum, { length }) => sum + length, 0)
