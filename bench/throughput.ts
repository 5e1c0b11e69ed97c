/**
 * How much one machine carries, and at what cost.
 *
 * 1. 200 simulated PMUs × 50 frames/s through the full line (PMU-adapter,
 *    Mosquitto and PDC-adapter in processes of their own): the judge says what
 *    was lost.
 * 2. 1,000 PMUs × 50 frames/s into one PMU-adapter at QoS 1: what it skipped.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { Judge, startRawPdc, startRawPmu } from '../judge/index.ts'
import { deferred } from '../src/runtime/deferred.ts'
import type { BenchOptions, Figures } from './figures.ts'
import { type Child, usageOf } from './support/children.ts'
import { configurationFrame, dataFrame } from './support/golden.ts'
import { startGrid } from './support/grid.ts'
import { startMosquitto } from './support/mosquitto.ts'
import { scrape } from './support/scrape.ts'
import { startSimulatedPmus } from './support/simulated-pmus.ts'

const framesPerSecond = 50
const periodMs = 1000 / framesPerSecond

export async function throughput({ quick, note }: BenchOptions): Promise<Figures> {
  return { ...(await wholeLine(quick ? 8 : 60, note)), ...(await oneAdapter(quick ? 8 : 60, note)) }
}

async function wholeLine(seconds: number, note: (line: string) => void): Promise<Figures> {
  const pmus = 200
  const mosquitto = await startMosquitto()
  const stop = new AbortController()
  const judge = new Judge({ from: 'first-read' })
  const simulated = await startSimulatedPmus(pmus, judge, stop.signal)
  const grid = await startGrid({
    streams: simulated.streams,
    broker: { name: 'Mosquitto', url: mosquitto.url },
    qos: 1,
  })
  try {
    const silent = new Set(simulated.streams.map(({ idcode }) => idcode))
    const { promise: flowing, resolve } = deferred()
    for (const { idcode } of simulated.streams) {
      startRawPdc({
        host: '127.0.0.1',
        port: grid.pdcPort,
        idcode,
        signal: stop.signal,
        onData(frame) {
          simulated.read(idcode, frame)
          if (silent.delete(idcode) && silent.size === 0) resolve()
        },
      })
    }
    await flowing
    const measured = [grid.pmuAdapter, mosquitto, grid.pdcAdapter]
    const usage = await usageOver(measured, seconds)
    simulated.endCount()
    await drained(judge)
    const verdict = judge.verdict()
    note(`200 simulated PMUs × 50 frames/s for ${seconds} s: ${JSON.stringify(verdict)}`)
    for (const [i, { cpu, memoryMiB }] of usage.entries()) {
      note(`  ${measured[i]!.name}: ${(cpu * 100).toFixed(1)} % of a core, ${memoryMiB.toFixed(0)} MiB`)
    }
    return {
      line_200_published: verdict.published,
      line_200_lost: verdict.lost,
      line_200_duplicated: verdict.duplicated,
      line_200_differing: verdict.differing,
      line_200_p50_ms: verdict.latency_ms.p50 ?? Number.NaN,
      line_200_p99_ms: verdict.latency_ms.p99 ?? Number.NaN,
      ...named('line_200', ['pmu_adapter', 'mosquitto', 'pdc_adapter'], usage),
    }
  } finally {
    stop.abort()
    await grid.end()
    await mosquitto.end()
  }
}

async function oneAdapter(seconds: number, note: (line: string) => void): Promise<Figures> {
  const pmus = 1000
  const mosquitto = await startMosquitto()
  const idcodes = Array.from({ length: pmus }, (_, i) => i + 1)
  const pmu = await startRawPmu({ configuration: idcodes.map(configurationFrame) })
  const streams = idcodes.map((idcode) => ({ idcode, port: pmu.port }))
  const grid = await startGrid({ streams, broker: { name: 'Mosquitto', url: mosquitto.url }, qos: 1, served: false })
  try {
    await pmu.on
    let sequence = 0
    let sent = 0
    const run = async (forSeconds: number): Promise<void> => {
      const start = performance.now()
      for (let i = 0; i < forSeconds * framesPerSecond; i++) {
        const leftMs = start + i * periodMs - performance.now()
        if (leftMs > 0) await sleep(leftMs)
        sequence++
        const atMs = Date.now()
        for (const idcode of idcodes) pmu.send(dataFrame(idcode, sequence, atMs))
        sent += pmus
      }
    }
    await run(3)
    await sleep(500)
    const before = await scrape(grid.metricsUrl)
    const sentBefore = sent
    const usage = usageOver([grid.pmuAdapter, mosquitto], seconds)
    await run(seconds)
    const [adapter, broker] = await usage
    await sleep(500)
    const after = await scrape(grid.metricsUrl)
    const rise = (name: string): number => after.sum(name) - before.sum(name)
    const figures = {
      adapter_1000_sent: sent - sentBefore,
      adapter_1000_acknowledged: rise('phasorbus_live_acknowledged_total'),
      adapter_1000_skipped: rise('phasorbus_live_skipped_total'),
      ...named('adapter_1000', ['pmu_adapter', 'mosquitto'], [adapter!, broker!]),
    }
    note(`1,000 PMUs × 50 frames/s into one PMU-adapter, QoS 1, for ${seconds} s: ${JSON.stringify(figures)}`)
    return figures
  } finally {
    await pmu.close()
    await grid.end()
    await mosquitto.end()
  }
}

interface Cost {
  /** Share of one core. */
  readonly cpu: number
  readonly memoryMiB: number
}

async function usageOver(children: readonly Child[], seconds: number): Promise<Cost[]> {
  const before = children.map(({ pid }) => usageOf(pid))
  const startMs = performance.now()
  await sleep(seconds * 1000)
  const elapsedS = (performance.now() - startMs) / 1000
  return children.map(({ pid }, i) => {
    const { cpuS, memoryMiB } = usageOf(pid)
    return { cpu: (cpuS - before[i]!.cpuS) / elapsedS, memoryMiB }
  })
}

function named(prefix: string, names: readonly string[], usage: readonly Cost[]): Figures {
  return Object.fromEntries(
    names.flatMap((name, i) => [
      [`${prefix}_${name}_cpu_share`, usage[i]!.cpu],
      [`${prefix}_${name}_memory_mib`, usage[i]!.memoryMiB],
    ]),
  )
}

/** Everything written has been read, or 2 s have passed. */
async function drained(judge: Judge): Promise<void> {
  const untilMs = performance.now() + 2000
  while (judge.underWay > 0 && performance.now() < untilMs) await sleep(10)
}
