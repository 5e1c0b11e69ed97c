import type { SourceStatus } from '../../link/index.ts'
import { monotonicMs } from '../../runtime/clock.ts'
import { printable } from '../terminal/printable.ts'
import { count, formatMs } from '../terminal/quantity.ts'
import { sampleLines } from '../terminal/sample-view.ts'
import type { Style } from '../terminal/style.ts'
import type { ConnectModel } from './connect-model.ts'
import { doubtsOf } from './connect-report.ts'
import type { DialogueStep } from './dialogue.ts'
import type { Doubt } from './doubt.ts'

const arrows = { sent: '→', received: '←', note: '·' } as const

/** `  12 ms  → send CFG-2` */
export function stepLine({ atMs, kind, text }: DialogueStep): string {
  return `${String(atMs).padStart(7)} ms  ${arrows[kind]} ${printable(text)}`
}

/** What came and how well, in one line. */
export function statisticsLine(model: ConnectModel, status: SourceStatus, style: Style): string {
  return [frameCounts(model, status, style), latencyText(model)].filter(Boolean).join('   ')
}

function latencyText({ statistics, live }: ConnectModel): string {
  const latency = live ? statistics?.latency() : undefined
  return latency ? `latency ${formatMs(latency.p50)} (p99 ${formatMs(latency.p99)})` : ''
}

function frameCounts(model: ConnectModel, status: SourceStatus, style: Style): string {
  const { statistics, live } = model
  const { frames, lost, duplicates, stepsBack } = model.totals
  const problem = (number: number, text: string): string => (number > 0 ? style.bad(text) : text)
  return [
    !live || statistics?.measuredRate === undefined
      ? ''
      : `${statistics.measuredRate.toFixed(2)} of ${statistics.configuredRate} frames/s`,
    count(frames, 'frame'),
    problem(lost, `${lost} lost`),
    ...(duplicates > 0 ? [style.warn(count(duplicates, 'duplicate'))] : []),
    ...(stepsBack > 0 ? [style.warn(`${count(stepsBack, 'step')} back`)] : []),
    problem(status.badChecksums, count(status.badChecksums, 'CHK error')),
  ]
    .filter(Boolean)
    .join('   ')
}

export function doubtLines(doubts: readonly Doubt[], style: Style, several: boolean): string[] {
  return doubts.map(
    ({ pmu, message, hint }) =>
      `${style.warn('?')} ${printable(several ? `${pmu}: ${message}` : message)}; ${style.dim(hint)}`,
  )
}

/** What is drawn anew several times a second on a terminal. */
export function liveLines(model: ConnectModel, status: SourceStatus, style: Style): string[] {
  const { inForce, samples, onlineSinceMs } = model
  const sample = samples.at(-1)
  if (!inForce || !sample || onlineSinceMs === undefined) return ['', style.dim('waiting for data …  (Ctrl-C ends)')]
  const doubts = doubtLines(doubtsOf(model), style, inForce.pmus.length > 1)
  const seconds = Math.floor((monotonicMs() - onlineSinceMs) / 1000)
  return [
    '',
    // Two lines: one would not go into 80 columns.
    [
      status.online ? style.good('online') : style.bad('offline'),
      `${seconds} s`,
      latencyText(model),
      style.dim('(Ctrl-C ends)'),
    ]
      .filter(Boolean)
      .join('   '),
    frameCounts(model, status, style),
    ...doubts,
    ...sampleLines(sample, inForce, style),
  ]
}

/** What stands at the end. */
export function summaryLines(model: ConnectModel, status: SourceStatus, style: Style): string[] {
  const doubts = doubtsOf(model)
  const several = (model.inForce?.pmus.length ?? 0) > 1
  return [
    '',
    statisticsLine(model, status, style),
    ...(model.inForce && doubts.length === 0
      ? [style.good('nothing looks wrong with the wiring, the clock or the rate')]
      : []),
    ...doubtLines(doubts, style, several),
  ]
}
