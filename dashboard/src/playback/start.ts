/** Puts a period of the past in the place of what is live, on all pages; and back. */
import { framesOf } from '../api/frames.ts'
import { pause } from '../api/pause.ts'
import { appState, update } from '../app-state.ts'
import { everyTick } from '../scene/ticker.ts'
import { type PlaybackDeps, type PlaybackPeriod, PlaybackScene } from './playback-scene.ts'

const TICKS_PER_S = 30
/** Between requests: the API gives an address 50 a second, and pages ask too. */
const PACE_MS = 40

let nextMs = 0

async function pacedFrames(...asked: Parameters<typeof framesOf>): ReturnType<typeof framesOf> {
  const nowMs = performance.now()
  const waitMs = Math.max(0, nextMs - nowMs)
  nextMs = nowMs + waitMs + PACE_MS
  if (waitMs > 0) await pause(waitMs, asked[3])
  return framesOf(...asked)
}

/** `beginUs`: where frames begin in it, if that is known. */
export function startPlayback(period: PlaybackPeriod, topics: readonly string[], beginUs?: number): void {
  const before = currentPlayback()
  const deps: PlaybackDeps = {
    frames: pacedFrames,
    nowMs: () => performance.now(),
    everyTick: (tick) => everyTick(TICKS_PER_S, tick),
  }
  const scene = new PlaybackScene(period, topics, deps, beginUs)
  update({ scene })
  before?.close()
}

export function backToLive(): void {
  const before = currentPlayback()
  update({ scene: appState().live })
  before?.close()
}

export function currentPlayback(): PlaybackScene | undefined {
  const { scene } = appState()
  return scene instanceof PlaybackScene ? scene : undefined
}
