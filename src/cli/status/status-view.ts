/** What a person reads: nodes, streams, and per consumer what became of every timestamp. */
import { type AccountJson, reasonWords, type StreamState, sumOf } from '../../streams/index.ts'
import { printable } from '../terminal/printable.ts'
import { count, formatSpan } from '../terminal/quantity.ts'
import type { Style } from '../terminal/style.ts'
import { formatTable } from '../terminal/table.ts'
import type { ConsumerStatus, StatusModel, StreamStatus } from './status-model.ts'

/** What must be seen stands first: a terminal of 80 columns cuts what follows a long topic. */
const COLUMNS = ['stream', 'lost', 'pending', 'expected', 'live', 'late', 'not produced', 'not received'] as const

const PDC_COLUMNS = ['stream', 'complete', 'partial', 'empty', 'revised', 'PMUs/inputs', 'p99', 'final until'] as const

export function statusLines(model: StatusModel, style: Style): string[] {
  const { nodes, streams, consumers, unreadable } = model
  const nodeRows = nodes.map(([topic, { online, reason, since, brokers }]) => [
    topic,
    online ? 'online' : `offline: ${printable(reasonWords(reason ?? 'no reason given'))}`,
    `since ${timeText(since)}`,
    brokers.map(printable).join(' '),
  ])
  return [
    ...table(style, 'nodes', ['node', '', '', 'brokers'], nodeRows),
    ...table(style, 'streams', ['stream', '', 'frames/s', 'journal', 'carried by'], streams.map(streamRow), [2]),
    ...pdcLines(streams, style),
    ...consumers.flatMap((consumer) => consumerLines(consumer, style)),
    ...[...unreadable].map(([topic, problem]) =>
      style.warn(`${printable(topic)}: no document of this contract: ${printable(problem)}`),
    ),
    ...verdict(consumers, style),
  ]
}

function streamRow({ topic, online, states }: StreamStatus): string[] {
  const reasons = [
    ...new Set(states.flatMap(({ reason }) => (reason === undefined ? [] : [printable(reasonWords(reason))]))),
  ]
  const rate = states.find((state) => state.rate !== null)?.rate
  return [
    topic,
    online ? 'online' : `offline: ${reasons.join(', ') || 'its node is offline'}`,
    rate === undefined ? '' : String(Number(rate?.toPrecision(6))),
    [...new Set(states.map(journalText))].filter(Boolean).join(' | '),
    states.map(({ node }) => node.slice(node.lastIndexOf('/') + 1)).join(', '),
  ]
}

/** How complete the frames of PDCs are, and which inputs they went without. */
function pdcLines(streams: readonly StreamStatus[], style: Style): string[] {
  const all = streams.flatMap(({ topic, states }) => states.flatMap(({ pdc }) => (pdc ? [{ topic, pdc }] : [])))
  if (all.length === 0) return []
  const rows = all.map(({ topic, pdc: { pmus, inputs, frames, latency_ms, final } }) => {
    const { complete, partial, empty, revised } = frames
    const share = complete + partial + empty > 0 ? (100 * complete) / (complete + partial + empty) : Number.NaN
    return [
      topic,
      Number.isNaN(share) ? '' : `${share.toFixed(share > 99.9 && share < 100 ? 3 : 1)} %`,
      String(partial),
      String(empty),
      String(revised),
      `${pmus}/${inputs}`,
      latency_ms ? `${latency_ms.p99.toFixed(1)} ms` : '',
      final === null ? '' : timeText(final),
    ]
  })
  const missed = all.flatMap(({ topic, pdc }) => {
    const most = Object.entries(pdc.missed).slice(0, 4)
    if (most.length === 0) return []
    return [`  ${topic} went without ${most.map(([input, times]) => `${printable(input)} ${times}`).join(', ')}`]
  })
  const about = all.flatMap(({ topic, pdc }) => {
    const reasons = [reasonText('unused', pdc.unused), reasonText('errors', pdc.errors)].filter(Boolean)
    return reasons.length === 0 ? [] : [`  ${topic} ${reasons.join('; ')}`]
  })
  return [...table(style, 'PDCs', PDC_COLUMNS, rows, [1, 2, 3, 4, 5, 6, 7]), ...missed, ...about]
}

/** From when, and for how long. */
function journalText({ journal }: StreamState): string {
  if (journal === null) return ''
  const span = Date.parse(journal.to) - Date.parse(journal.from)
  return `${timeText(journal.from)}${Number.isFinite(span) ? ` and ${formatSpan(span)}` : ''}`
}

function consumerLines({ node, consumer, streams, total }: ConsumerStatus, style: Style): string[] {
  const rows = streams.map(([topic, account]) => accountRow(topic, account))
  if (streams.length > 1) rows.push(accountRow('total', total))
  const about = [
    accountText('not received', total.not_received),
    accountText('lost', total.lost),
    accountText('outside', total.outside),
    total.duplicates > 0 ? count(total.duplicates, 'duplicate') : '',
    total.conflicts > 0 ? style.warn(`${count(total.conflicts, 'conflict')}: two frames of one time that differ`) : '',
  ].filter(Boolean)
  return [
    ...table(style, `consumer ${consumer} at ${node}`, COLUMNS, rows, [1, 2, 3, 4, 5, 6, 7]),
    ...about.map((line) => `  ${line}`),
  ]
}

const accountRow = (name: string, account: AccountJson): string[] => [
  name,
  String(sumOf(account.lost)),
  String(account.pending),
  String(account.expected),
  String(account.live),
  String(account.late),
  String(account.never_produced),
  String(sumOf(account.not_received)),
]

const reasonText = (
  what: string,
  reasons: Readonly<Record<string, number>>,
  text = (reason: string, number: number): string => `${reason} ${number}`,
): string =>
  sumOf(reasons) === 0
    ? ''
    : `${what}: ${Object.entries(reasons)
        .map(([reason, number]) => printable(text(reason, number)))
        .join(', ')}`

const accountText = (what: string, reasons: Readonly<Record<string, number>>): string =>
  reasonText(what, reasons, (reason, number) => `${reasonWords(reason)}: ${number}`)

function verdict(consumers: readonly ConsumerStatus[], style: Style): string[] {
  const lost = consumers.reduce((sum, { total }) => sum + sumOf(total.lost), 0)
  const pending = consumers.reduce((sum, { total }) => sum + total.pending, 0)
  if (consumers.length === 0) return ['', style.dim('no consumer tells its accounts here')]
  const outside = consumers.reduce((sum, { total }) => sum + sumOf(total.outside), 0)
  const expected = consumers.reduce((sum, { total }) => sum + total.expected, 0)
  const open = `${count(pending, 'timestamp')} pending: not delivered, and not given up`
  const apart = `${count(outside, 'frame')} outside the accounts: clocks that differ, or timestamps beside DATA_RATE`
  const isWhole = expected > 0 && lost + pending === 0
  return [
    '',
    ...(lost > 0 ? [style.bad(`${count(lost, 'timestamp')} lost`)] : []),
    ...(pending > 0 ? [style.warn(open)] : []),
    ...(outside > 0 ? [style.warn(apart)] : []),
    ...(isWhole ? [style.good('nothing lost: every timestamp is accounted for')] : []),
    ...(expected + outside === 0 ? [style.dim('nothing is expected yet: no PDC has taken a frame')] : []),
  ]
}

function table(
  style: Style,
  title: string,
  head: readonly string[],
  rows: readonly (readonly string[])[],
  right: readonly number[] = [],
): string[] {
  if (rows.length === 0) return ['', `${style.bold(title)}  ${style.dim('none')}`]
  const [first = '', ...others] = formatTable(head, rows, { right, indent: '  ' })
  return ['', style.bold(title), style.dim(first), ...others]
}

/** `2026-11-22 12:00:01`, of what should be an ISO time. */
function timeText(iso: string): string {
  const ms = Date.parse(iso)
  return Number.isFinite(ms) ? new Date(ms).toISOString().slice(0, 19).replace('T', ' ') : printable(iso)
}
