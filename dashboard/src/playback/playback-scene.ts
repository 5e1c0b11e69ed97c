/**
 * A period of the past, played: frames come from the historian ahead of the playhead,
 * and are shown as if they came now. Where they do not come fast enough, it waits.
 */
import { RingRoom } from '../scene/ring-room.ts'
import type { Scene, SceneStream } from '../scene/scene.ts'
import { Track } from './track.ts'
import { type LoaderDeps, TrackLoader } from './track-loader.ts'

export const speeds = [0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60] as const

/** What plots show before the playhead, and a little. */
const BEFORE_US = 31e6
/** PMUs that are played at once. */
export const MAX_PLAYED = 256
/** A page that was hidden goes on where it was. */
const LONGEST_TICK_MS = 250
/** Of each tick, for reading frames: the rest is for drawing. */
const SHOW_MS = 8
const SLICE_US = 1e6
const MAX_STEPS = 100

export interface PlaybackDeps extends LoaderDeps {
  /** Calls it again and again while the page is seen. Returns what ends that. */
  everyTick(tick: () => void): () => void
}

export interface PlaybackPeriod {
  readonly fromUs: number
  readonly toUs: number
}

export class PlaybackScene implements Scene {
  readonly kind = 'playback'
  readonly isTold = true
  readonly period: PlaybackPeriod
  readonly streams: readonly Track[]
  speed = 1
  isPlaying = true
  isLooping = false
  readonly #deps: PlaybackDeps
  readonly #tracks: ReadonlyMap<string, Track>
  /** PMUs that are played; first whichever was followed least recently. */
  readonly #played: Set<Track>
  readonly #loader: TrackLoader
  readonly #end: () => void
  #lastMs: number
  #headUs: number
  /** Up to here all frames were shown: behind the playhead while it is filled up. */
  #shownUs: number
  #steps = 0
  #isShort = false
  /** Nothing was there to be shown yet. */
  #isFresh = true

  /**
   * PMUs are played, from `period.fromUs` on, or from `beginUs` in it; where nothing is there, from the first frame on.
   * Of more than {@link MAX_PLAYED}, those that come first in `topics`, and whichever is followed. Others than PMUs are
   * played as long as they are followed.
   */
  constructor(period: PlaybackPeriod, topics: readonly string[], deps: PlaybackDeps, beginUs = period.fromUs) {
    this.period = period
    this.#deps = deps
    this.#loader = new TrackLoader(deps, () => this.#load())
    this.#headUs = Math.min(period.toUs, Math.max(period.fromUs, Math.floor(beginUs)))
    this.#shownUs = this.#headUs - BEFORE_US
    this.#lastMs = deps.nowMs()
    const all = [...new Set(topics)]
    const played = all.filter(isPmu).slice(0, MAX_PLAYED)
    const rings = new RingRoom()
    this.streams = all.toSorted().map(
      (topic) =>
        new Track(
          topic,
          rings,
          () => this.#headUs,
          () => this.#shownUs < this.#headUs,
        ),
    )
    this.#tracks = new Map(this.streams.map((track) => [track.topic, track]))
    this.#played = new Set(played.toReversed().map((topic) => this.#tracks.get(topic)!))
    for (const track of this.#played) track.wanted++
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

  /** PMUs that are played, and that could be. */
  get pmus(): { readonly played: number; readonly all: number } {
    return { played: this.#played.size, all: this.streams.filter(({ topic }) => isPmu(topic)).length }
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
    const toUs = Math.min(this.period.toUs, Math.max(this.period.fromUs, Math.round(us)))
    const isNear = toUs >= this.#headUs && toUs - this.#headUs < BEFORE_US
    this.#headUs = toUs
    this.#steps = 0
    this.#isFresh = false
    if (isNear) return
    this.#shownUs = toUs - BEFORE_US
    for (const track of this.#wanted) if (track.rewind(this.#shownUs)) this.#loader.abort(track)
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
    if (!track || (isPmu(topic) && !this.#play(track))) return () => {}
    this.#want(track)
    return () => this.#unwant(track)
  }

  /** It is the one that was followed last. Whether it has a place: none gives way while it is followed. */
  #play(track: Track): boolean {
    if (!this.#played.delete(track)) {
      if (this.#played.size >= MAX_PLAYED) {
        const before = [...this.#played].find(({ wanted }) => wanted === 1)
        if (!before) return false
        this.#played.delete(before)
        this.#unwant(before)
      }
      this.#want(track)
    }
    this.#played.add(track)
    return true
  }

  #want(track: Track): void {
    if (track.wanted++ > 0) return
    this.#shownUs = this.#headUs - BEFORE_US
    track.rewind(this.#shownUs)
    this.#load()
  }

  #unwant(track: Track): void {
    if (--track.wanted > 0) return
    this.#loader.abort(track)
    track.forget()
  }

  close(): void {
    this.#end()
    this.#loader.close()
    for (const track of this.streams) track.forget()
  }

  /** Moves the playhead by the time that has passed, and shows what it passes. */
  advance(): void {
    const nowMs = this.#deps.nowMs()
    const passedUs = Math.min(LONGEST_TICK_MS, nowMs - this.#lastMs) * 1000
    this.#lastMs = nowMs
    const isEnough = (): boolean => this.#deps.nowMs() - nowMs > SHOW_MS
    this.#skipToFirst()
    const goalUs = this.#goal(passedUs)
    while (this.#shownUs < goalUs) {
      const toUs = Math.min(goalUs, this.#shownUs + SLICE_US)
      if (!this.#wanted.every((track) => track.show(toUs, isEnough))) break
      this.#shownUs = toUs
    }
    this.#headUs = Math.max(this.#headUs, this.#shownUs)
    const wanted = this.#wanted
    for (const track of wanted) track.trim(this.#loader.mostBytes(wanted))
    if (this.isPlaying && this.#headUs >= this.period.toUs && this.#shownUs >= this.#headUs) {
      if (this.isLooping) this.seek(this.period.fromUs)
      else this.isPlaying = false
    }
    this.#load()
  }

  /** As soon as it is known which frame is the first, where nobody was online at first. */
  #skipToFirst(): void {
    if (!this.#isFresh || this.#shownUs < this.#headUs) return
    const wanted = this.#wanted
    const nextUs = Math.min(...wanted.map((track) => track.nextUs ?? Number.POSITIVE_INFINITY))
    const readyUs = Math.min(this.period.toUs, ...wanted.map(({ toUs }) => toUs - 1))
    this.#isFresh = !wanted.some(({ isOnline }) => isOnline)
    if (!this.#isFresh || nextUs > readyUs) return
    this.#headUs = nextUs
    this.#isFresh = false
  }

  get #wanted(): readonly Track[] {
    return this.streams.filter(({ wanted }) => wanted > 0)
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
    // One µs more: the frame at the very end is played too.
    this.#loader.load(this.#wanted, { headUs: this.#headUs, endUs: this.period.toUs + 1, speed: this.speed })
  }
}

const isPmu = (topic: string): boolean => topic.split('/')[3] === 'PMU'
