/** What plays is stopped, moved and left here, on every page. */
import { useEffect, useRef } from 'preact/hooks'
import { useAppState } from '../app-state.ts'
import { PlaybackScene, speeds } from '../playback/playback-scene.ts'
import { backToLive } from '../playback/start.ts'
import { useTicks } from '../scene/use.ts'
import { clock, day, time } from './format.ts'
import './playback-bar.css'

/** What an arrow key moves; with Shift ten times as much. */
const ARROW_US = 1e6

export function PlaybackBar() {
  const { scene } = useAppState()
  return scene instanceof PlaybackScene ? <Bar key={scene.period.fromUs} scene={scene} /> : null
}

function Bar({ scene }: { readonly scene: PlaybackScene }) {
  const { isUtc } = useAppState()
  const button = useRef<HTMLButtonElement>(null)
  useTicks(10)
  useEffect(() => {
    button.current?.focus({ preventScroll: true })
    const pressed = (event: KeyboardEvent): void => press(scene, event)
    addEventListener('keydown', pressed)
    return () => removeEventListener('keydown', pressed)
  }, [scene])
  const { fromUs, toUs } = scene.period
  const shown = time(scene.nowS, isUtc, 3)
  const state = scene.trouble ?? (scene.isWaiting ? 'waiting for frames…' : '')
  const { played, all } = scene.pmus
  return (
    <section
      class="playback-bar"
      aria-label="playback"
      data-time-us={Math.round(scene.nowS * 1e6)}
      data-state={scene.isWaiting ? 'waiting' : scene.isPlaying ? 'playing' : 'paused'}
    >
      <button
        type="button"
        ref={button}
        onClick={() => scene.toggle()}
        title="space"
        aria-label={scene.isPlaying ? 'pause' : 'play'}
      >
        {scene.isPlaying ? '❚❚' : '▶'}
      </button>
      <button type="button" onClick={() => scene.step(-1)} title="," aria-label="one frame back">
        ◀❙
      </button>
      <button type="button" onClick={() => scene.step(1)} title="." aria-label="one frame forward">
        ❙▶
      </button>
      <label>
        <span class="quiet wide-only">speed</span>{' '}
        <select
          aria-label="speed"
          value={`${scene.speed}`}
          onChange={({ currentTarget }) => {
            scene.speed = Number(currentTarget.value)
          }}
        >
          {speeds.map((speed) => (
            <option key={speed} value={`${speed}`}>{`${speed}×`}</option>
          ))}
        </select>
      </label>
      <button
        type="button"
        aria-pressed={scene.isLooping}
        onClick={() => {
          scene.isLooping = !scene.isLooping
        }}
        aria-label="from the begin again at the end"
      >
        ↻
      </button>
      <input
        type="range"
        aria-label="time"
        aria-valuetext={shown}
        min="0"
        max={toUs - fromUs}
        step="any"
        value={scene.nowS * 1e6 - fromUs}
        onInput={({ currentTarget }) => scene.seek(fromUs + Number(currentTarget.value))}
      />
      <time>
        <span class="wide-only">{day(scene.nowS, isUtc)} </span>
        {clock(scene.nowS, isUtc, 3)}
      </time>
      <span class={scene.trouble === undefined ? 'quiet' : 'bad'} role="status">
        {state}
      </span>
      {played < all && <span class="quiet">{`${played} of ${all} PMUs are played`}</span>}
      <button type="button" onClick={backToLive} title="Escape">
        back to live
      </button>
    </section>
  )
}

/** Not where the key has a meaning of its own. */
function press(scene: PlaybackScene, event: KeyboardEvent): void {
  if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey) return
  const at = event.target instanceof Element ? event.target : undefined
  if (at?.matches('input:not([type=range]):not([type=checkbox]), textarea, select')) return
  const isArrow = event.key === 'ArrowLeft' || event.key === 'ArrowRight'
  if (isArrow && at?.matches('input:not(.playback-bar *)')) return
  if (event.key === ' ' && at?.matches('button, summary, input:not([type=range])')) return
  const nowUs = scene.nowS * 1e6
  const byUs = ARROW_US * (event.shiftKey ? 10 : 1)
  if (event.key === ' ') scene.toggle()
  else if (event.key === 'ArrowLeft') scene.seek(nowUs - byUs)
  else if (event.key === 'ArrowRight') scene.seek(nowUs + byUs)
  else if (event.key === ',') scene.step(-1)
  else if (event.key === '.') scene.step(1)
  else if (event.key === 'Escape') backToLive()
  else return
  event.preventDefault()
}
