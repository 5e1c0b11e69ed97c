/**
 * What a backlog does to what is live. 50 PMUs at 50 frames/s; their PDC-adapter
 * is behind a link of 20 Mbit/s that is cut for a minute: 150,000 frames have to
 * come late, while the live ones go on.
 *
 * Beside it, over a link of its own that is cut as long, the thesis's way: one
 * subscriber with a persistent session.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { BenchOptions, Figures } from './figures.ts'
import { monotonicMs } from './lab/monotonic.ts'
import { type Fleet, startFleet } from './replay/fleet.ts'
import { type Readings, startPdcs } from './replay/readings.ts'
import { type SlowLink, startSlowLink } from './replay/slow-link.ts'
import { startGrid } from './support/grid.ts'
import { type Mosquitto, startMosquitto } from './support/mosquitto.ts'
import { type PersistentSession, startPersistentSession } from './support/persistent-session.ts'
import { quantile, spreadOf } from './support/quantiles.ts'

const size = 50
const framesPerSecond = 50
const linkBytesPerS = 2_500_000
/** Over which nothing waits. */
const fastBytesPerS = 1_000_000_000
/** A frame that comes later than this was not live. */
const liveWithinMs = 1000
const healWithinMs = 120_000

interface Plan {
  readonly cutS: number
  /** While nothing is live afterwards. */
  readonly idleCutS: number
  readonly steadyS: number
  readonly repeats: number
}

export async function replay({ quick, note }: BenchOptions): Promise<Figures> {
  const plan: Plan = quick
    ? { cutS: 12, idleCutS: 6, steadyS: 3, repeats: 1 }
    : { cutS: 60, idleCutS: 60, steadyS: 15, repeats: 3 }
  const stop = new AbortController()
  const mosquitto = await startMosquitto()
  const ends: (() => Promise<void>)[] = [() => mosquitto.end()]
  try {
    const fleet = await startFleet(size)
    ends.unshift(() => fleet.close())
    const [ours, theirs] = await Promise.all([openLink(mosquitto), openLink(mosquitto)])
    ends.unshift(
      () => ours.end(),
      () => theirs.end(),
    )
    const grid = await startGrid({
      streams: fleet.streams,
      broker: { name: 'Mosquitto', url: mosquitto.url },
      farUrl: ours.url,
      qos: 1,
    })
    ends.unshift(() => grid.end())
    const readings = await startPdcs(fleet, grid.pdcPort, stop.signal)
    const session = await startPersistentSession({
      url: theirs.url,
      clientId: 'thesis',
      filter: `${grid.area}/secondary-station/1/PMU/#`,
    })
    ends.unshift(() => session.end())
    return await measure({ fleet, readings, ours, theirs, session, note }, plan)
  } finally {
    stop.abort()
    for (const end of ends) await end()
  }
}

const openLink = (mosquitto: Mosquitto): Promise<SlowLink> => startSlowLink(mosquitto.port, linkBytesPerS)

interface Line {
  readonly fleet: Fleet
  readonly readings: Readings
  readonly ours: SlowLink
  readonly theirs: SlowLink
  readonly session: PersistentSession
  readonly note: (line: string) => void
}

async function measure(line: Line, plan: Plan): Promise<Figures> {
  const { fleet, readings, note } = line
  fleet.flow()
  await sleep(2000)
  const first = fleet.sent + 1
  await warmUp(line)
  const healed: Healed[] = []
  const sessions: Flooded[] = []
  for (let repeat = 0; repeat < plan.repeats; repeat++) {
    const both = await heal(line, plan)
    healed.push(both.healed)
    sessions.push(both.flooded)
    note(`${repeat + 1} of ${plan.repeats}: ${describe(both.healed)}; session ${describeSession(both.flooded)}`)
  }
  const idle: number[] = []
  for (let repeat = 0; repeat < plan.repeats; repeat++) idle.push(await healIdle(line, plan))
  note(`idle: ${idle.map((times) => times.toFixed(1)).join(', ')} × real time`)

  fleet.pause()
  const last = fleet.sent + 1
  await readings.whole(first, last, healWithinMs).catch(({ message }: Error) => note(message))
  return {
    backlog_frames: plan.cutS * framesPerSecond * size,
    ...spreadOf(
      'live_p99_ratio',
      healed.map(({ p99, steadyP99 }) => p99 / steadyP99),
    ),
    ...spreadOf(
      'live_max_extra_ms',
      healed.map(({ max, steadyMax }) => max - steadyMax),
    ),
    ...spreadOf(
      'live_p99_ms',
      healed.map(({ p99 }) => p99),
    ),
    ...spreadOf(
      'steady_p99_ms',
      healed.map(({ steadyP99 }) => steadyP99),
    ),
    ...spreadOf(
      'heal_ms',
      healed.map(({ healMs }) => healMs),
    ),
    ...spreadOf('heal_times_real_time', idle),
    ...spreadOf(
      'session_live_p99_ratio',
      sessions.map(({ p99, steadyP99 }) => p99 / steadyP99),
    ),
    ...spreadOf(
      'session_flood_ms',
      sessions.map(({ floodMs }) => floodMs),
    ),
    frames: (last - first) * size,
    lost: readings.missing(first, last),
    doubled: readings.doubled,
  }
}

/** A line runs for years: its code is compiled. A short gap heals before any is timed. */
async function warmUp({ fleet, readings, ours }: Line): Promise<void> {
  const cutAt = fleet.sent + 1
  ours.cut()
  await sleep(1500)
  ours.open()
  await sleep(500)
  await readings.whole(cutAt, fleet.sent - framesPerSecond / 2, healWithinMs)
}

interface Healed {
  readonly p99: number
  readonly max: number
  readonly steadyP99: number
  readonly steadyMax: number
  /** From the first live frame to the last late one. */
  readonly healMs: number
}

interface Flooded {
  readonly p99: number
  readonly steadyP99: number
  /** From the reconnection to the first frame that is as live as before. */
  readonly floodMs: number
}

/** Cuts our link, and theirs a little later, so that they do not heal at the same time. */
async function heal(line: Line, { cutS, steadyS }: Plan): Promise<{ healed: Healed; flooded: Flooded }> {
  const { fleet, readings, ours, theirs, session } = line
  const steadyFrom = fleet.sent + 1
  await session.take()
  await sleep(steadyS * 1000)
  const cutAt = fleet.sent + 1
  ours.cut()
  const apartS = Math.min(cutS, 2 * steadyS)
  await sleep(apartS * 1000)
  const theirsBefore = await session.take()
  const theirSteady = latenciesOf(fleet, theirsBefore)
  await session.leave()
  theirs.cut()
  const theirCutMs = monotonicMs()
  await sleep((cutS - apartS) * 1000)

  ours.open()
  const openAt = fleet.sent + 1
  while (readings.liveFrom(openAt, liveWithinMs) > fleet.sent) await sleep(5)
  const liveAt = readings.liveFrom(openAt, liveWithinMs)
  const wholeMs = await readings.whole(cutAt - 5, liveAt, healWithinMs)
  const healMs = wholeMs - fleet.sentAt(liveAt)
  const healedAt = fleet.sent + 1
  await sleep(steadyS * 1000)
  const steadyTo = fleet.sent - framesPerSecond
  const live = readings.latencies(liveAt, healedAt)
  const steady = [
    ...readings.latencies(steadyFrom, cutAt - framesPerSecond),
    ...readings.latencies(healedAt + 10, steadyTo),
  ]
  const healed: Healed = {
    p99: quantile(live, 0.99),
    max: Math.max(...live),
    steadyP99: quantile(steady, 0.99),
    steadyMax: Math.max(...steady),
    healMs,
  }

  await sleep(Math.max(0, theirCutMs + cutS * 1000 - monotonicMs()))
  theirs.open()
  const backMs = monotonicMs()
  await session.comeBack()
  const flooded = await flood(line, backMs, theirSteady)
  return { healed, flooded }
}

/** Waits until the session's frames are live again, and looks at those that were sent since it came back. */
async function flood({ fleet, session }: Line, backMs: number, steady: readonly number[]): Promise<Flooded> {
  const steadyP99 = quantile(steady, 0.99)
  const asBeforeMs = Math.max(2 * steadyP99, quantile(steady, 0.5) + 20)
  const live: { readonly atMs: number; readonly latencyMs: number }[] = []
  for (const untilMs = monotonicMs() + healWithinMs; monotonicMs() < untilMs; ) {
    await sleep(500)
    for (const { atMs, soc, fraction } of await session.take()) {
      const sequence = sequenceOf(fleet, soc, fraction)
      const sentMs = fleet.sentAt(sequence)
      if (sentMs >= backMs) live.push({ atMs, latencyMs: atMs - sentMs })
    }
    const last = live[live.length - 1]
    if (last && last.latencyMs < asBeforeMs) break
  }
  const first = live.find(({ latencyMs }) => latencyMs < asBeforeMs)
  const floodMs = (first?.atMs ?? monotonicMs()) - backMs
  const during = live.filter(({ atMs, latencyMs }) => atMs - latencyMs < backMs + floodMs)
  return {
    p99: quantile(
      during.map(({ latencyMs }) => latencyMs),
      0.99,
    ),
    steadyP99,
    floodMs,
  }
}

/** Nothing is live, and the link is fast: how many times as fast as they were sent the frames come late. */
async function healIdle({ fleet, readings, ours }: Line, { idleCutS }: Plan): Promise<number> {
  ours.rate(fastBytesPerS)
  const cutAt = fleet.sent + 1
  ours.cut()
  await sleep(idleCutS * 1000)
  fleet.pause()
  const openAt = fleet.sent + 1
  ours.open()
  // From the first frame: the connection has to be made anew, and that takes as long as the retry.
  while (readings.missing(cutAt, openAt) === (openAt - cutAt) * size) await sleep(2)
  const firstMs = monotonicMs()
  const wholeMs = await readings.whole(cutAt, openAt, healWithinMs)
  ours.rate(linkBytesPerS)
  fleet.flow()
  await sleep(2000)
  return ((openAt - cutAt) * 1000) / framesPerSecond / (wholeMs - firstMs)
}

function latenciesOf(fleet: Fleet, arrivals: Awaited<ReturnType<PersistentSession['take']>>): number[] {
  return arrivals
    .map(({ atMs, soc, fraction }) => atMs - fleet.sentAt(sequenceOf(fleet, soc, fraction)))
    .filter((ms) => !Number.isNaN(ms))
}

function sequenceOf(fleet: Fleet, soc: number, fraction: number): number {
  return fleet.sequenceAt(Math.round((soc * 1000 + fraction / 16_777.215) / 20))
}

const describe = ({ p99, steadyP99, max, steadyMax, healMs }: Healed): string =>
  `live p99 ${p99.toFixed(1)} ms (steady ${steadyP99.toFixed(1)}), longest ${max.toFixed(1)} ms (${steadyMax.toFixed(1)}), healed in ${Math.round(healMs)} ms`

const describeSession = ({ p99, steadyP99, floodMs }: Flooded): string =>
  `p99 ${p99.toFixed(1)} ms (steady ${steadyP99.toFixed(1)}), flooded for ${Math.round(floodMs)} ms`
