import { update, useAppState } from '../app-state.ts'
import { durationOf } from '../history/period.ts'
import { href } from '../route.ts'
import { useTicks } from '../scene/use.ts'
import { clock, day } from './format.ts'

export function Header({
  pages,
  current,
}: {
  readonly pages: readonly { readonly id: string; readonly title: string }[]
  readonly current: string
}) {
  const { isUtc, theme } = useAppState()
  return (
    <header class="top">
      <a class="name" href={href('grid')}>
        phasorbus
      </a>
      <nav aria-label="pages">
        {pages.map(({ id, title }) => (
          <a key={id} href={href(id)} aria-current={id === current ? 'page' : undefined}>
            {title}
          </a>
        ))}
      </nav>
      <Connection />
      <ComputerClock />
      <Clock />
      <button type="button" onClick={() => update({ isUtc: !isUtc })} title="UTC or local times">
        {isUtc ? 'UTC' : 'local'}
      </button>
      <button
        type="button"
        onClick={() => update({ theme: theme === 'dark' ? 'light' : 'dark' })}
        aria-label={theme === 'dark' ? 'light colours' : 'dark colours'}
      >
        {theme === 'dark' ? '☀' : '☾'}
      </button>
    </header>
  )
}

/** In words, and in a shape: not in a colour alone. */
function Connection() {
  const { live, scene } = useAppState()
  if (scene.kind === 'playback')
    return (
      <span class="state playback" role="status">
        ▶ playback
      </span>
    )
  if (!live.bus)
    return (
      <span class="state off" role="status">
        □ no live data
      </span>
    )
  if (live.bus.isConnected && live.bus.trouble !== undefined)
    return (
      <span class="state off" role="status" title={live.bus.trouble}>
        ◐ live, in part refused
      </span>
    )
  if (live.bus.isConnected)
    return (
      <span class="state on" role="status">
        ● live
      </span>
    )
  return (
    <span class="state off" role="status" title={live.bus.trouble}>
      ○ not connected
    </span>
  )
}

/** Latencies on Health, and periods on History, are by this computer's clock. */
const WRONG_CLOCK_S = 2

function ComputerClock() {
  const { live } = useAppState()
  useTicks(1)
  const aheadS = live.computerAheadS ?? 0
  if (Math.abs(aheadS) <= WRONG_CLOCK_S) return null
  const by = durationOf(Math.round(Math.abs(aheadS)) * 1e6)
  return (
    <span class="bad" role="status">
      {`this computer's clock is ${by} ${aheadS > 0 ? 'ahead of' : 'behind'} the PMUs`}
    </span>
  )
}

function Clock() {
  const { scene, isUtc } = useAppState()
  useTicks(4)
  const title =
    scene.kind === 'playback'
      ? 'the time that is played back'
      : 'the time of the frames that come; without any, of this computer'
  return (
    <time class="clock" title={title}>
      <span class="wide-only">{day(scene.nowS, isUtc)} </span>
      {clock(scene.nowS, isUtc, scene.kind === 'playback' ? 3 : 0)}
    </time>
  )
}
