/**
 * What a PDC takes: 10, 100 and 1,000 PMUs at 50 frames/s, each by a connection
 * of its own, one output of all of them over TCP. The time is that from the last
 * write of an instant to the moment at which its frame is read, both by one clock.
 *
 * PMUs of a wide area do not come together: their frames are spread over half of
 * the period, and in a second round all are written as fast as they can be.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { BenchOptions, Figures } from './figures.ts'
import { readOutput } from './pdc/output-reader.ts'
import { startPmuFleet } from './pdc/pmu-fleet.ts'
import { startPhasorbus, usageOf } from './support/children.ts'
import { freePort } from './support/free-port.ts'
import { dataFrameBytes } from './support/golden.ts'
import { quantile, spreadOf } from './support/quantiles.ts'
import { scrape } from './support/scrape.ts'

const sizes = [10, 100, 1000]
const idcode = 65_000
const rounds = { spread: 10, burst: 0 } as const
const framesPerSecond = 50
/** Until all of them are in the output. */
const MOST_SECONDS = 60
const frames = 'phasorbus_pdc_frames_total'

export async function pdc({ quick, note }: BenchOptions): Promise<Figures> {
  const plan = quick ? { seconds: 4, repeats: 1 } : { seconds: 15, repeats: 3 }
  const figures: Record<string, number> = {}
  for (const size of sizes) Object.assign(figures, await ofSize(size, plan, note))
  return figures
}

interface Round {
  readonly p50: number
  readonly p99: number
  readonly cpu: number
  readonly memoryMiB: number
}

async function ofSize(
  size: number,
  { seconds, repeats }: { readonly seconds: number; readonly repeats: number },
  note: (line: string) => void,
): Promise<Figures> {
  const folder = await mkdtemp(join(tmpdir(), 'phasorbus-bench-'))
  const fleet = await startPmuFleet(size)
  const [port, metricsPort] = [await freePort(), await freePort()]
  const file = join(folder, 'grid.yaml')
  await writeFile(file, gridOf(fleet, port, metricsPort))
  const child = startPhasorbus('PDC', ['run', file])
  try {
    await child.ready(/"msg":"ready"/)
    const reader = await readOutput(port, idcode)
    await fleet.on
    // Code is compiled, and all are in.
    const allOf = 16 + size * (dataFrameBytes - 16)
    for (let second = 0; reader.frameBytes < allOf && second < MOST_SECONDS; second++) await fleet.run(1, 10)
    if (reader.frameBytes < allOf) throw new Error(`the output has not all of ${size} PMUs after ${MOST_SECONDS} s`)
    await fleet.run(Math.min(3, seconds), 10)

    const metrics = `http://127.0.0.1:${metricsPort}/metrics`
    const figures: Record<string, number> = {}
    for (const [name, withinMs] of Object.entries(rounds)) {
      const before = await scrape(metrics)
      const measured: Round[] = []
      for (let repeat = 0; repeat < repeats; repeat++) {
        const from = usageOf(child.pid)
        const beganMs = performance.now()
        const writtenMs = await fleet.run(1 + seconds, withinMs)
        const cpu = (usageOf(child.pid).cpuS - from.cpuS) / ((performance.now() - beganMs) / 1000)
        await sleep(300)
        // The first ones wait for instants of the pause before them, of which nothing came.
        const tookMs = [...writtenMs].slice(framesPerSecond).flatMap(([slot, ms]) => {
          const readMs = reader.readMs.get(slot)
          return readMs === undefined ? [] : [readMs - ms]
        })
        measured.push({
          p50: quantile(tookMs, 0.5),
          p99: quantile(tookMs, 0.99),
          cpu,
          memoryMiB: usageOf(child.pid).memoryMiB,
        })
      }
      const after = await scrape(metrics)
      const complete = after.sum(frames, 'as="complete"') - before.sum(frames, 'as="complete"')
      const prefix = name === 'spread' ? '' : `${name}_`
      for (const key of ['p50', 'p99'] as const)
        Object.assign(
          figures,
          spreadOf(
            `${prefix}${key}_ms_${size}`,
            measured.map((one) => one[key]),
          ),
        )
      Object.assign(
        figures,
        spreadOf(
          `${prefix}cpu_share_${size}`,
          measured.map(({ cpu }) => cpu),
        ),
      )
      figures[`${prefix}memory_mib_${size}`] = Math.max(...measured.map(({ memoryMiB }) => memoryMiB))
      figures[`${prefix}incomplete_${size}`] = Math.round((1 + seconds) * framesPerSecond * repeats - complete)
      note(
        `${size} PMUs, ${name}: ${measured.map(({ p50, p99, cpu }) => `p50 ${p50.toFixed(2)} p99 ${p99.toFixed(2)} ms, ${(cpu * 100).toFixed(0)} % of a core`).join('; ')}`,
      )
    }
    reader.close()
    return figures
  } finally {
    await child.end()
    await fleet.close()
    await rm(folder, { recursive: true, force: true })
  }
}

const gridOf = (
  { idcodes, port: from }: { readonly idcodes: readonly number[]; readonly port: number },
  port: number,
  metricsPort: number,
): string =>
  JSON.stringify({
    area: 'bench',
    broker: { embedded: { listen: [] } },
    journal: false,
    metrics: { listen: `127.0.0.1:${metricsPort}` },
    sites: [
      {
        location: 'station/1',
        pdcs: [
          {
            inputs: idcodes.map((one) => ({
              id: `${one}`,
              idcode: one,
              source: `tcp://127.0.0.1:${from}`,
              ask: [],
              silence: { floorMs: 600_000 },
            })),
            outputs: [
              {
                id: 1,
                idcode,
                dataRate: framesPerSecond,
                wait: 500,
                silentMs: 60_000,
                publish: false,
                listen: `tcp://127.0.0.1:${port}`,
              },
            ],
          },
        ],
      },
    ],
  })
