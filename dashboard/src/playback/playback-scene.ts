/**
 * A period of the past, played: frames come from the historian ahead of the playhead,
 * and are shown as if they came now. Where they do not come fast enough, it waits.
 */
import type { Scene, SceneStream } from '../scene/scene.ts'
import { StoredFrames } from './stored-frames.ts'
import { Track } from './track.ts'

export const speeds = [0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60] as const

/** What plots show before the playhead, and a little. */
const BEFORE_US = 31e6
/** Asked for at once, at speeds up to 1; faster ones take as much more, so that requests do not come thicker. */
const CHUNK_US = 10e6
const LONGEST_CHUNK_US = 120e6
const CHUNKS_AHEAD = 3
/** The API has two places for those who want frames. */
const LOADS_AT_ONCE = 2
/** Frames that are held, of all streams: ahead of the playhead and behind it. */
const MAX_BYTES = 64 * 2 ** 20
/** Streams that are played; of more, those that come first. */
export const MAX_PLAYED = 256
const RETRY_MS = 1000
/** A page that was hidden goes on where it was. */
const LONGEST_TICK_MS = 250
/** Of each tick, for reading frames: the rest is for drawing. */
const SHOW_MS = 8
const SLICE_US = 1e6
const MAX_STEPS = 100

export interface PlaybackDeps {
  /** Bytes of the frames in [fromUs, toUs); undefined where nothing is stored of the stream. */
  frames(
    topic: string,
    fromUs: number,
    toUs: number,
    signal: AbortSignal,
  ): Promise<AsyncIterable<Uint8Array> | undefined>
  /** Grows, in ms. */
  nowMs(): number
  /** Calls it again and again while the page is seen. Returns what ends that. */
  everyTick(tick: () => void): () => void
  /** Frames that are held at most, in bytes, and one piece of an answer each; 64 MiB. */
  readonly mostBytes?: number
}

export interface PlaybackPeriod {
  readonly fromUs: number
  readonly toUs: number
}

export class PlaybackScene implements Scene {
  readonly kind = 'playback'
  readonly period: PlaybackPeriod
  readonly streams: readonly Track[]
  speed = 1
  isPlaying = true
  isLooping = false
  readonly #deps: PlaybackDeps
  readonly #tracks: ReadonlyMap<string, Track>
  readonly #loads = new Map<Track, AbortController>()
  readonly #end: () => void
  #lastMs: number
  #headUs: number
  /** Up to here all frames were shown: behind the playhead while it is filled up. */
  #shownUs: number
  #steps = 0
  #isShort = false
  #hasEnded = false

  /** PMUs are played; others as long as they are followed. */
  constructor(period: PlaybackPeriod, topics: readonly string[], deps: PlaybackDeps) {
    this.period = period
    this.#deps = deps
    this.#headUs = period.fromUs
    this.#shownUs = period.fromUs - BEFORE_US
    this.#lastMs = deps.nowMs()
    const sorted = [...new Set(topics)].sort()
    const pmus = new Set(sorted.filter(isPmu).slice(0, MAX_PLAYED))
    this.streams = sorted.map((topic) => new Track(topic, pmus.has(topic) ? 1 : 0, () => this.#headUs))
    this.#tracks = new Map(this.streams.map((track) => [track.topic, track]))
    for (const track of this.streams) track.rewind(this.#shownUs)
    this.#end = deps.everyTick(() => this.advance())
    this.#load()
  }

  find(topic: string): SceneStream | undefined {
    return this.#tracks.get(topic)
  }

  get nowS(): number {
    return this.#headUs / 1e6
  }

  /** Frames up to the playhead are still missing, or those that come next. */
  get isWaiting(): boolean {
    return this.#isShort || this.#shownUs < this.#headUs
  }

  /** Why it waits, if something failed. */
  get trouble(): string | undefined {
    return this.#wanted.find(({ trouble }) => trouble !== undefined)?.trouble
  }

  /** Bytes of frames that are held. */
  get heldBytes(): number {
    return this.streams.reduce((sum, { bytes }) => sum + bytes, 0)
  }

  toggle(): void {
    if (!this.isPlaying && this.#headUs >= this.period.toUs) this.seek(this.period.fromUs)
    this.isPlaying = !this.isPlaying
    this.#steps = 0
  }

  /** To a time in µs, within the period. What plots show before it is filled up. */
  seek(us: number): void {
    const toUs = Math.min(this.period.toUs, Math.max(this.period.fromUs, us))
    const isNear = toUs >= this.#headUs && toUs - this.#headUs < BEFORE_US
    this.#headUs = toUs
    this.#steps = 0
    if (isNear) return
    this.#shownUs = toUs - BEFORE_US
    for (const track of this.#wanted) if (track.rewind(this.#shownUs)) this.#loads.get(track)?.abort()
    this.#load()
  }

  /** To the next frame of any stream, or the one before; it pauses. */
  step(direction: 1 | -1): void {
    this.isPlaying = false
    if (direction === 1) {
      this.#steps = Math.min(MAX_STEPS, this.#steps + 1)
      return
    }
    const shown = Math.max(...this.#wanted.map((track) => track.shownUs() ?? 0))
    if (shown === 0 || this.#shownUs < this.#headUs) return
    const before = this.#wanted.map((track) => track.shownUs(track.shownUs() === shown ? 1 : 0) ?? 0)
    const rate = Math.max(1, ...this.#wanted.map(({ buffer }) => buffer?.rate ?? 0))
    this.seek(Math.max(...before) || shown - 1e6 / rate)
  }

  follow(topic: string): () => void {
    const track = this.#tracks.get(topic)
    if (!track || isPmu(topic)) return () => {}
    if (track.wanted++ === 0) {
      this.#shownUs = this.#headUs - BEFORE_US
      track.rewind(this.#shownUs)
      this.#load()
    }
    return () => {
      if (--track.wanted > 0) return
      this.#loads.get(track)?.abort()
      track.forget()
    }
  }

  close(): void {
    this.#hasEnded = true
    this.#end()
    for (const load of this.#loads.values()) load.abort()
    for (const track of this.streams) track.forget()
  }

  /** Moves the playhead by the time that has passed, and shows what it passes. */
  advance(): void {
    const nowMs = this.#deps.nowMs()
    const passedUs = Math.min(LONGEST_TICK_MS, nowMs - this.#lastMs) * 1000
    this.#lastMs = nowMs
    const isEnough = (): boolean => this.#deps.nowMs() - nowMs > SHOW_MS
    const goalUs = this.#goal(passedUs)
    while (this.#shownUs < goalUs) {
      const toUs = Math.min(goalUs, this.#shownUs + SLICE_US)
      if (!this.#wanted.every((track) => track.show(toUs, isEnough))) break
      this.#shownUs = toUs
    }
    this.#headUs = Math.max(this.#headUs, this.#shownUs)
    for (const track of this.#wanted) track.trim(this.#mostBytes)
    if (this.isPlaying && this.#headUs >= this.period.toUs && this.#shownUs >= this.#headUs) {
      if (this.isLooping) this.seek(this.period.fromUs)
      else this.isPlaying = false
    }
    this.#load()
  }

  get #wanted(): readonly Track[] {
    return this.streams.filter(({ wanted }) => wanted > 0)
  }

  get #mostBytes(): number {
    return (this.#deps.mostBytes ?? MAX_BYTES) / Math.max(1, this.#wanted.length)
  }

  /** Up to where frames are to be shown now. */
  #goal(passedUs: number): number {
    const readyUs = Math.min(this.period.toUs, ...this.#wanted.map(({ toUs }) => toUs - 1))
    this.#isShort = false
    if (this.#shownUs < this.#headUs) return Math.min(this.#headUs, readyUs)
    if (this.#steps > 0) {
      const nextUs = Math.min(...this.#wanted.map((track) => track.nextUs ?? Number.POSITIVE_INFINITY))
      const isThere = nextUs <= readyUs
      if (isThere || readyUs >= this.period.toUs) this.#steps--
      this.#isShort = this.#steps > 0 && !isThere
      return isThere ? nextUs : readyUs
    }
    if (!this.isPlaying) return this.#headUs
    const wishedUs = this.#headUs + passedUs * this.speed
    this.#isShort = readyUs < Math.min(wishedUs, this.period.toUs)
    return Math.max(this.#headUs, Math.min(wishedUs, readyUs))
  }

  #load(): void {
    if (this.#hasEnded) return
    const chunkUs = Math.min(LONGEST_CHUNK_US, CHUNK_US * Math.max(1, this.speed))
    // One µs more: the frame at the very end is played too.
    const endUs = this.period.toUs + 1
    const untilUs = Math.min(endUs, this.#headUs + CHUNKS_AHEAD * chunkUs)
    const nowMs = this.#deps.nowMs()
    const hungry = this.#wanted
      .filter((track) => track.toUs < untilUs && !this.#loads.has(track) && track.retryAtMs <= nowMs)
      .filter(({ bytes }) => bytes < this.#mostBytes)
      .sort((one, other) => one.toUs - other.toUs)
    for (const track of hungry.slice(0, LOADS_AT_ONCE - this.#loads.size)) {
      const load = new AbortController()
      this.#loads.set(track, load)
      this.#chunk(track, Math.min(endUs, Math.ceil(track.toUs + chunkUs)), load.signal)
        .catch((error: unknown) => {
          if (load.signal.aborted) return
          track.trouble = error instanceof Error ? error.message : String(error)
          track.retryAtMs = this.#deps.nowMs() + RETRY_MS
        })
        .finally(() => {
          this.#loads.delete(track)
          this.#load()
        })
    }
  }

  async #chunk(track: Track, toUs: number, signal: AbortSignal): Promise<void> {
    const fromUs = Math.floor(track.toUs)
    const answer = await this.#deps.frames(track.topic, fromUs, toUs, signal)
    const frames = new StoredFrames(track.by)
    for await (const bytes of answer ?? []) {
      if (signal.aborted) return
      frames.push(bytes, (frame) => track.add(frame))
      if (track.bytes < this.#mostBytes) continue
      track.toUs = Math.max(fromUs, (track.lastUs ?? 0) + 1)
      return
    }
    if (signal.aborted) return
    track.toUs = toUs
    track.trouble = undefined
  }
}

const isPmu = (topic: string): boolean => topic.split('/')[3] === 'PMU'
