/** Asks for the frames of tracks, ahead of the playhead: first of whichever has least. */
import { StoredFrames } from './stored-frames.ts'
import type { Track } from './track.ts'

/** Asked for at once, at speeds up to 1: what plots show before the playhead, and what comes next. Faster, as much more. */
const CHUNK_US = 40e6
const LONGEST_CHUNK_US = 120e6
const CHUNKS_AHEAD = 2
/** The API has two places for those who want frames. */
const LOADS_AT_ONCE = 2
/** Frames that are held, of all streams: ahead of the playhead and behind it. */
const MAX_BYTES = 64 * 2 ** 20
const RETRY_MS = 1000

export interface LoaderDeps {
  /** Bytes of the frames in [fromUs, toUs); undefined where nothing is stored of the stream. */
  frames(
    topic: string,
    fromUs: number,
    toUs: number,
    signal: AbortSignal,
  ): Promise<AsyncIterable<Uint8Array> | undefined>
  /** Grows, in ms. */
  nowMs(): number
  /** Frames that are held at most, in bytes, and one piece of an answer each; 64 MiB. */
  readonly mostBytes?: number
}

export interface LoadedPeriod {
  readonly headUs: number
  /** Exclusive. */
  readonly endUs: number
  readonly speed: number
}

export class TrackLoader {
  readonly #deps: LoaderDeps
  readonly #onDone: () => void
  readonly #loads = new Map<Track, AbortController>()
  #hasEnded = false

  /** `onDone`: there is a place for the next. */
  constructor(deps: LoaderDeps, onDone: () => void) {
    this.#deps = deps
    this.#onDone = onDone
  }

  /** Of each of those that are wanted. */
  mostBytes(wanted: readonly Track[]): number {
    return (this.#deps.mostBytes ?? MAX_BYTES) / Math.max(1, wanted.length)
  }

  load(wanted: readonly Track[], { headUs, endUs, speed }: LoadedPeriod): void {
    if (this.#hasEnded || this.#loads.size >= LOADS_AT_ONCE) return
    const chunkUs = Math.min(LONGEST_CHUNK_US, CHUNK_US * Math.max(1, speed))
    const untilUs = Math.min(endUs, headUs + CHUNKS_AHEAD * chunkUs)
    const nowMs = this.#deps.nowMs()
    const mostBytes = this.mostBytes(wanted)
    const hungry = wanted
      .filter((track) => track.toUs < untilUs && track.bytes < mostBytes)
      .filter((track) => !this.#loads.has(track) && track.retryAtMs <= nowMs)
      .sort((one, other) => one.toUs - other.toUs)
    for (const track of hungry.slice(0, LOADS_AT_ONCE - this.#loads.size)) {
      const load = new AbortController()
      this.#loads.set(track, load)
      this.#chunk(track, Math.min(endUs, Math.ceil(track.toUs + chunkUs)), mostBytes, load.signal)
        .catch((error: unknown) => {
          if (load.signal.aborted) return
          track.trouble = error instanceof Error ? error.message : String(error)
          track.retryAtMs = this.#deps.nowMs() + RETRY_MS
        })
        .finally(() => {
          this.#loads.delete(track)
          this.#onDone()
        })
    }
  }

  /** What is under way for it is not wanted any more. */
  abort(track: Track): void {
    this.#loads.get(track)?.abort()
  }

  close(): void {
    this.#hasEnded = true
    for (const load of this.#loads.values()) load.abort()
  }

  async #chunk(track: Track, toUs: number, mostBytes: number, signal: AbortSignal): Promise<void> {
    const fromUs = Math.floor(track.toUs)
    const answer = await this.#deps.frames(track.topic, fromUs, toUs, signal)
    track.trouble = undefined
    const frames = new StoredFrames(track.by)
    for await (const bytes of answer ?? []) {
      if (signal.aborted) return
      frames.push(bytes, (frame) => track.add(frame))
      if (track.bytes < mostBytes) continue
      track.toUs = Math.max(fromUs, (track.lastUs ?? 0) + 1)
      return
    }
    if (!signal.aborted) track.toUs = toUs
  }
}
