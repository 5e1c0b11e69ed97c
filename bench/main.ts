/** `npm run bench -- NAME [PART…] [--quick] [--json]` */
import { cpus, totalmem } from 'node:os'
import { parseArgs } from 'node:util'
import type { BenchOptions, Figures } from './figures.ts'

/** Loaded when asked for. */
const benches: Readonly<Record<string, () => Promise<(options: BenchOptions) => Promise<Figures>>>> = {
  codec: async () => (await import('./codec.ts')).codec,
  latency: async () => (await import('./latency.ts')).latency,
  throughput: async () => (await import('./throughput.ts')).throughput,
  journal: async () => (await import('./journal.ts')).journal,
  replay: async () => (await import('./replay.ts')).replay,
  pdc: async () => (await import('./pdc.ts')).pdc,
  historian: async () => (await import('./historian.ts')).historian,
  dashboard: async () => (await import('./dashboard.ts')).dashboard,
  'dashboard-hour': async () => (await import('./dashboard-hour.ts')).dashboardHour,
  faults: async () => (await import('./faults.ts')).faults,
  soak: async () => (await import('./soak.ts')).soak,
}

/** Those that have parts to choose from, runs to repeat, and a report to write. */
const ofParts: readonly string[] = ['faults', 'soak']

const usage = `usage: npm run bench -- NAME [--quick] [--json]
       npm run bench -- faults [FAULT…] [--runs N] [--only TEXT] [--out DIR] [--quick] [--json]
       npm run bench -- soak [--out DIR] [--quick] [--json]

  codec        decode and encode frames per second, and the ratio to pypmu
  latency      PMU to PDC: direct, over relays, over MQTT alone, over the full line
  throughput   200 simulated PMUs through the full line; 1,000 PMUs into one adapter
  journal      1,000 streams into one journal: of a core; what live frames pay for it
  replay       a minute that heals over 20 Mbit/s beside live frames; the same with one persistent session
  pdc          10, 100 and 1,000 PMUs into one output: from the last arrival to the frame, of a core, memory
  historian    frames in and out of an archive: bytes per value, rows per second, a range, the latest; live beside an export
  dashboard    20 PMUs in a browser: long tasks, what a page grows by, hidden too; needs Chromium
  dashboard-hour   two tabs for an hour and ten minutes, one of them hidden: what they grow by; needs Chromium
  faults       brokers, adapters and links that die in mid-stream: what is lost, doubled, and how long it takes
  soak         200 PMUs for 15 minutes, with a fault every 20 s: what is lost, and what memory grows by

  --quick      within 45 seconds, with a wider spread; faults: shorter ones, once each
  --runs N     of each fault so many runs; those found in DIR count
  --only TEXT  cases whose name contains it, such as phasorbus
  --out DIR    where the report and its runs are kept; goes on where it stopped
  --json       one object on standard output: { name, machine, figures }
`

const say = (text: string): void => void process.stderr.write(`${text}\n`)

const parsed = () =>
  parseArgs({
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      runs: { type: 'string' },
      only: { type: 'string' },
      out: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })

async function main(): Promise<void> {
  let command: ReturnType<typeof parsed>
  try {
    command = parsed()
  } catch (error) {
    say(`${error instanceof Error ? error.message : error}\n\n${usage}`)
    process.exitCode = 2
    return
  }
  const { values, positionals } = command
  if (values.help) {
    process.stdout.write(usage)
    return
  }
  const [name = '', ...names] = positionals
  const { runs, only, out } = values
  const load = Object.hasOwn(benches, name) ? benches[name] : undefined
  const isWhole = names.length === 0 && runs === undefined && only === undefined && out === undefined
  if (!load || !(isWhole || ofParts.includes(name)) || (runs !== undefined && !/^[1-9]\d*$/.test(runs))) {
    process.stderr.write(usage)
    process.exitCode = 2
    return
  }
  const machine = describeMachine()
  say(`${name} on ${machine}`)
  const bench = await load()
  const figures = await bench({
    quick: values.quick,
    note: say,
    machine,
    names,
    ...(runs !== undefined && { runs: Number(runs) }),
    ...(only !== undefined && { only }),
    ...(out !== undefined && { out }),
  })
  if (values.json) process.stdout.write(`${JSON.stringify({ name, machine, figures }, undefined, 2)}\n`)
  else for (const [figure, value] of Object.entries(figures)) process.stdout.write(`${figure}: ${rounded(value)}\n`)
}

function describeMachine(): string {
  const { model = 'unknown processor' } = cpus()[0] ?? {}
  const gib = Math.round(totalmem() / 2 ** 30)
  return `${model.trim()}, ${cpus().length} cores, ${gib} GiB, ${process.platform} ${process.arch}, Node ${process.version}`
}

const rounded = (value: number): string => (Number.isInteger(value) ? `${value}` : value.toPrecision(4))

await main()
