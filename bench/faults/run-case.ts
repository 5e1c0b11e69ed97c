/** Runs of one case, one after the other on a line that is kept between them where it can be. */
import { setTimeout as sleep } from 'node:timers/promises'
import { monotonicMs } from '../lab/monotonic.ts'
import type { MissingFrame } from '../lab/witness.ts'
import { evidenceOf, isBad } from './evidence.ts'
import type { FaultCase, RunResult, Strike } from './fault.ts'
import { type Line, NoFlow, openLine } from './line.ts'
import { seriesMs, seriesOf } from './series.ts'
import { type Kills, setApart } from './set-apart.ts'
import { settle } from './settle.ts'
import type { Window } from './window.ts'

export interface RunOptions {
  readonly runs: number
  readonly quick: boolean
  readonly built?: string
  readonly onResult: (result: RunResult) => void
  /** Of runs of phasorbus that should not be as they are. */
  readonly onEvidence?: (evidence: string) => void
}

const steadyMs = 1_500
const afterwardsMs = 2_500
const quickAfterwardsMs = 1_000
const recoveryLimitMs = 60_000

export async function runCase(one: FaultCase, { runs, quick, built, onResult, onEvidence }: RunOptions): Promise<void> {
  let line: Line | undefined
  const close = async (): Promise<void> => {
    await line?.[Symbol.asyncDispose]()
    line = undefined
  }
  try {
    for (let run = 0; run < runs; run++) {
      // A plain client that gave up with the run before may stay so for good: that run has said it.
      if (line && one.line.kind === 'plain' && !(await flows(line))) await close()
      line ??= await openLine({ ...one.line, ...(built !== undefined && { built }) })
      await line.flowing()
      onResult(await oneRun(line, one, quick, onEvidence))
      if (one.fresh) await close()
      else if (run + 1 < runs) await one.mend?.(line)
    }
  } finally {
    await close()
  }
}

async function flows(line: Line): Promise<boolean> {
  try {
    await line.flowing()
    return true
  } catch (error) {
    if (error instanceof NoFlow) return false
    throw error
  }
}

async function oneRun(
  line: Line,
  one: FaultCase,
  quick: boolean,
  onEvidence: RunOptions['onEvidence'],
): Promise<RunResult> {
  const accountBefore = await line.account()
  const window = line.open()
  // So that runs do not strike at the same place of a frame's period, or of anybody's timers.
  await sleep(steadyMs + Math.random() * 1_000)
  const strike = await one.strike(line, window, quick)

  const { streams } = line.options
  const isLive = (): boolean => window.liveAgainMs(strike.healMs, streams) !== undefined
  const recovered = await line.until(isLive, recoveryLimitMs)
  const leftMs = one.series && !quick ? strike.healMs + seriesMs - monotonicMs() : 0
  await sleep(Math.max(leftMs, quick ? quickAfterwardsMs : afterwardsMs))
  window.end(monotonicMs())
  const { missing, ...checked } = await settle(line, window, accountBefore, {
    quietMs: one.quietMs,
    relieve: one.relieve && (() => one.relieve!(line)),
    inSocket: (frames) => setApart(frames, killsOf(one, strike)).in_socket,
  })
  const result = { ...resultOf(line, one, window, strike, missing, recovered), ...checked }
  if (onEvidence && line.options.kind === 'phasorbus' && isBad(result)) {
    const { faultMs, healMs } = strike
    const times = `fault ${faultMs.toFixed(0)}, healed ${healMs.toFixed(0)}, monotonic ms; now ${monotonicMs().toFixed(0)}, ${new Date().toISOString()}`
    onEvidence(`${times}\n${await evidenceOf(line, result, missing)}`)
  }
  return result
}

function resultOf(
  line: Line,
  one: FaultCase,
  window: Window,
  strike: Strike,
  missing: readonly MissingFrame[],
  recovered: boolean,
): Omit<RunResult, 'account' | 'account_agrees'> {
  const { faultMs, healMs } = strike
  const liveMs = recovered ? window.liveAgainMs(healMs, line.options.streams)! : undefined
  const healedMs = window.healedMs(healMs)
  const since = window.latencyMs(faultMs, window.endMs)
  return {
    at: new Date().toISOString(),
    published: window.published,
    ...setApart(missing, killsOf(one, strike)),
    ...window.wrong,
    recovery_ms: liveMs === undefined ? null : rounded(liveMs - healMs),
    outage_ms: liveMs === undefined ? null : rounded(liveMs - faultMs),
    healed_ms: healedMs === undefined ? null : rounded(healedMs - healMs),
    steady_p99_ms: rounded(window.latencyMs(window.beginMs, faultMs).p99),
    healing_p99_ms: liveMs === undefined ? null : rounded(window.latencyMs(liveMs, window.endMs).p99),
    p50_ms: rounded(since.p50),
    p99_ms: rounded(since.p99),
    ...(one.series && { series: seriesOf(window.reads, healMs) }),
  }
}

function killsOf({ kills }: FaultCase, { kill }: Strike): Kills {
  return {
    adapter: kill && kills === 'only-adapter' ? [kill] : [],
    consumer: kill && kills === 'consumer' ? [kill] : [],
  }
}

const rounded = (ms: number): number | null => (Number.isFinite(ms) ? Number(ms.toFixed(2)) : null)
