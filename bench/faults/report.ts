/** The report: a page of tables, and plots beside it. Made anew from all that was found so far. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { renderPlot } from '../support/plot.ts'
import { median, quantile } from '../support/quantiles.ts'
import type { Fault, RunResult, Series } from './fault.ts'
import type { FaultResults, Results } from './results.ts'
import { type Summary, summaryOf } from './summary.ts'

export function writeReport(folder: string, faults: readonly Fault[], results: Results): void {
  const found = faults
    .map((fault) => ({ fault, results: results.of(fault) }))
    .filter(({ results: { cases } }) => Object.keys(cases).length > 0)
  const sections = found.map(({ fault, results }) => sectionOf(folder, fault, results))
  writeFileSync(join(folder, 'faults.md'), `${[...head, ...sections].join('\n')}`)
}

const head = [
  '# What faults cost',
  '',
  'Written by `npm run bench -- faults`; the command of each section makes that section. Beside it lie the runs it was made',
  'from, one line each. Every run is of a whole line in network namespaces: raw PMUs, adapter, broker, consumer and raw PDCs,',
  'each in a host of its own. The judge compares, byte by byte, what the PMUs wrote with what the PDCs read; it imports',
  'nothing of phasorbus. *Plain* has MQTT.js in the place of phasorbus between the same ends: QoS 1 and a persistent session',
  'where nothing else is said, keep-alive 3 s, and nothing that a setting would drop.',
  '',
  '- **lost**: written and never read. What PMUs sent while their only adapter was dead, and what had been handed to a PDC’s',
  '  connection when its adapter was killed, stand apart: no protocol of the two ends can bring them back.',
  '- **recovery**: from the end of the fault until every PDC reads live frames again; **outage**: the same from its beginning.',
  '- **healed**: from the end of the fault until the last late frame was read.',
  '- **accounts**: runs in which the consumer’s own accounts added up and missed as many frames as the judge did, but for those',
  '  in the socket.',
  '',
  'Times are medians (least–greatest) in ms. N clean runs show, at 95 %, that fewer than 3/N of such faults lose anything: 6 %',
  'for 50 runs, 26 % for 10.',
  '',
]

function sectionOf(folder: string, fault: Fault, { cases }: FaultResults): string {
  const summaries = fault.cases.flatMap((one) => {
    const runs = cases[one.name]
    return runs && runs.length > 0 ? [{ one, runs, summary: summaryOf(runs) }] : []
  })
  const most = Math.max(...summaries.map(({ summary }) => summary.runs))
  const runsOf = summaries.flatMap(({ runs }) => runs)
  const machines = [...new Set(runsOf.flatMap(({ machine }) => machine ?? []))]
  const commits = [...new Set(runsOf.flatMap(({ commit }) => commit ?? []))]
  const isFamily = fault.cases.some(({ x }) => x !== undefined)
  return [
    `## ${fault.name}`,
    '',
    fault.what,
    '',
    '```sh',
    `npm run bench -- faults ${fault.name} --runs ${most} --out docs/results`,
    '```',
    '',
    ...(isFamily ? familyTable(summaries) : table(summaries)),
    '',
    ...(isFamily ? familyPlots(folder, fault, summaries) : seriesPlots(folder, fault, summaries)),
    `On ${machines.join('; and ')}.${commits.length > 0 ? ` By ${commits.join(', ')}.` : ''}`,
    '',
    '',
  ].join('\n')
}

interface Summarized {
  readonly one: Fault['cases'][number]
  readonly runs: readonly RunResult[]
  readonly summary: Summary
}

function table(summaries: readonly Summarized[]): string[] {
  const apart: readonly (readonly [string, (summary: Summary) => number])[] = (
    [
      ['no adapter alive', (summary: Summary) => summary.not_received],
      ['in the socket', (summary: Summary) => summary.in_socket],
    ] as const
  ).filter(([, of]) => summaries.some(({ summary }) => of(summary) > 0))
  const titles = [
    '',
    'runs',
    'frames',
    'lost',
    'doubled',
    ...apart.map(([title]) => title),
    'recovery',
    'outage',
    'healed',
    'accounts',
  ]
  return [
    row(titles),
    row(titles.map(() => '---')),
    ...summaries.map(({ one, summary }) =>
      row([
        one.name,
        `${summary.runs}`,
        grouped(summary.published),
        summary.lost === 0 ? '**0**' : `${grouped(summary.lost)} in ${summary.runs_with_loss} runs`,
        summary.duplicated + summary.differing === 0 ? '**0**' : grouped(summary.duplicated + summary.differing),
        ...apart.map(([, of]) => grouped(of(summary))),
        spread(summary.recovery_ms) + (summary.not_recovered > 0 ? `; ${summary.not_recovered} not within 60 s` : ''),
        spread(summary.outage_ms),
        spread(summary.healed_ms),
        accounts(summary),
      ]),
    ),
  ]
}

/** Runs that differ in one number, over that number. */
function familyTable(summaries: readonly Summarized[]): string[] {
  const titles = ['', 'runs', 'frames', 'lost', 'doubled', 'p50 ms', 'p99 ms', 'accounts']
  return [
    row(titles),
    row(titles.map(() => '---')),
    ...summaries.map(({ one, runs, summary }) =>
      row([
        one.name,
        `${summary.runs}`,
        grouped(summary.published),
        summary.lost === 0
          ? '**0**'
          : `${grouped(summary.lost)} (${((100 * summary.lost) / summary.published).toPrecision(2)} %)`,
        summary.duplicated + summary.differing === 0 ? '**0**' : grouped(summary.duplicated + summary.differing),
        spread(known(runs, 'p50_ms')),
        spread(known(runs, 'p99_ms')),
        accounts(summary),
      ]),
    ),
  ]
}

function familyPlots(folder: string, fault: Fault, summaries: readonly Summarized[]): string[] {
  const families = groupBy(summaries)
  const plots = [
    {
      name: 'lost',
      title: 'Frames lost',
      label: 'frames lost, %',
      of: (run: RunResult) => (100 * run.lost) / run.published,
    },
    { name: 'p50', title: 'Latency, median', label: 'p50, ms', log: true, of: (run: RunResult) => run.p50_ms },
    { name: 'p99', title: 'Latency, 99th percentile', label: 'p99, ms', log: true, of: (run: RunResult) => run.p99_ms },
  ]
  return plots.flatMap(({ name, title, label, log = false, of }) => {
    const series = [...families].map(([family, members]) => {
      const points = members.map(({ one, runs }) => {
        const values = runs.map(of).filter((value): value is number => value !== null)
        return { x: one.x ?? 0, values }
      })
      return {
        name: family,
        points: points.map(({ x, values }) => [x, values.length > 0 ? median(values) : null] as const),
        band: points
          .filter(({ values }) => values.length > 1)
          .map(({ x, values }) => [x, quantile(values, 0), quantile(values, 1)] as const),
      }
    })
    return plot(folder, `${fault.name}-${name}.svg`, `${title} by packet loss`, {
      x: { label: 'packets lost on each link, each way, %' },
      y: { label, log },
      series,
    })
  })
}

/** `plain, QoS 1, 20 %` is of the family `plain, QoS 1`. */
function groupBy(summaries: readonly Summarized[]): Map<string, Summarized[]> {
  const families = new Map<string, Summarized[]>()
  for (const summarized of summaries) {
    const family = summarized.one.name.replace(/, [^,]*$/, '')
    families.set(family, [...(families.get(family) ?? []), summarized])
  }
  return families
}

function seriesPlots(folder: string, fault: Fault, summaries: readonly Summarized[]): string[] {
  const recorded = summaries.flatMap(({ one, runs }) => {
    const series = runs.flatMap((run) => run.series ?? [])
    const newest = series.at(-1)
    // Those of another bench had other bins.
    return newest ? [{ name: one.name, newest, series: series.filter(({ binMs }) => binMs === newest.binMs) }] : []
  })
  if (recorded.length === 0) return []
  const x = { label: 'seconds after the first frame that came when the link was back' }
  const over = (of: (series: Series, bin: number) => number | null) =>
    recorded.map(({ name, newest: { fromMs, binMs, rate }, series }) => {
      const bins = rate.map((_, bin) => ({
        at: (fromMs + bin * binMs) / 1000,
        values: series.flatMap((one) => of(one, bin) ?? []),
      }))
      return {
        name,
        // Of half of the runs at least: a middle of what one of them had is none.
        points: bins.map(({ at, values }) => [at, 2 * values.length < series.length ? null : median(values)] as const),
        band: bins
          .filter(({ values }) => values.length > 1)
          .map(({ at, values }) => [at, quantile(values, 0), quantile(values, 1)] as const),
      }
    })
  const binMs = recorded[0]!.newest.binMs
  return [
    ...plot(folder, `${fault.name}-rate.svg`, 'Frames read by the PDCs', {
      x,
      y: { label: 'frames/s', log: true },
      series: over(({ rate }, bin) => rate[bin] || null),
    }),
    ...plot(folder, `${fault.name}-live.svg`, 'Latency of frames measured after the link was back', {
      x,
      y: { label: `greatest of ${binMs} ms, ms`, log: true },
      series: over(({ live_ms }, bin) => live_ms[bin] ?? null),
    }),
  ]
}

function plot(
  folder: string,
  file: string,
  title: string,
  of: Omit<Parameters<typeof renderPlot>[0], 'title'>,
): string[] {
  writeFileSync(join(folder, file), renderPlot({ title, ...of }))
  return [`![${title}](${file})`, '']
}

function accounts({ accounts_agree, accounted_lost, runs }: Summary): string {
  if (accounts_agree === undefined) return ''
  const lost = accounted_lost > 0 ? `; ${grouped(accounted_lost)} called lost` : ''
  return `${accounts_agree} of ${runs}${lost}`
}

const known = (runs: readonly RunResult[], key: 'p50_ms' | 'p99_ms'): number[] =>
  runs.map((run) => run[key]).filter((value) => value !== null)
const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
const grouped = (count: number): string => `${count}`.replaceAll(/\B(?=(\d{3})+$)/g, ',')

function spread(values: readonly number[]): string {
  if (values.length === 0) return ''
  const shown = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toPrecision(2))
  if (values.length === 1) return shown(values[0]!)
  return `${shown(median(values))} (${shown(Math.min(...values))}–${shown(Math.max(...values))})`
}
