/** `npm run bench -- NAME [--quick] [--json]` */
import { cpus, totalmem } from 'node:os'
import { parseArgs } from 'node:util'
import type { BenchOptions, Figures } from './figures.ts'

/** Loaded when asked for. */
const benches: Readonly<Record<string, () => Promise<(options: BenchOptions) => Promise<Figures>>>> = {
  codec: async () => (await import('./codec.ts')).codec,
  latency: async () => (await import('./latency.ts')).latency,
  throughput: async () => (await import('./throughput.ts')).throughput,
}

const usage = `usage: npm run bench -- NAME [--quick] [--json]

  codec        decode and encode frames per second, and the ratio to pypmu
  latency      PMU to PDC: direct, over relays, over MQTT alone, over the full line
  throughput   200 simulated PMUs through the full line; 1,000 PMUs into one adapter

  --quick      within 45 seconds, with a wider spread
  --json       one object on standard output: { name, machine, figures }
`

const say = (text: string): void => void process.stderr.write(`${text}\n`)

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { quick: { type: 'boolean', default: false }, json: { type: 'boolean', default: false } },
  })
  const [name = '', ...rest] = positionals
  const load = Object.hasOwn(benches, name) ? benches[name] : undefined
  if (!load || rest.length > 0) {
    process.stderr.write(usage)
    process.exitCode = 2
    return
  }
  const machine = describeMachine()
  say(`${name} on ${machine}`)
  const bench = await load()
  const figures = await bench({ quick: values.quick, note: say })
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
