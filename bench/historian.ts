/**
 * What a historian takes and gives: frames of a simulated feeder with the noise
 * of its measurement, an hour of each format sealed; as fast as they can be
 * stored; two hours of one PMU in 2,000 points out of an archive of 72 M rows; the
 * latest of 1,000 streams; what an export costs those who are live.
 */
import { link, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { encodeConfiguration, wordTable } from '../src/c37118/index.ts'
import { channelsOf } from '../src/historian/channels.ts'
import { HotWriter } from '../src/historian/hot-writer.ts'
import { LatestFrames } from '../src/historian/latest.ts'
import { rangeOf } from '../src/historian/range.ts'
import { Kind } from '../src/historian/schema.ts'
import { Sealer } from '../src/historian/sealer.ts'
import { type Epoch, Store } from '../src/historian/store.ts'
import { createMetrics } from '../src/runtime/metrics.ts'
import { Simulation } from '../src/simulator/index.ts'
import type { BenchOptions, Figures } from './figures.ts'
import { live } from './historian/live.ts'
import { median, spreadOf } from './support/quantiles.ts'

const formats = [
  { polar: false, phasors: 'int16', analogs: 'int16', freq: 'int16' },
  { polar: true, phasors: 'int16', analogs: 'int16', freq: 'int16' },
  { polar: false, phasors: 'float32', analogs: 'float32', freq: 'float32' },
  { polar: true, phasors: 'float32', analogs: 'float32', freq: 'float32' },
] as const
const HOUR_S = 3600
const startSoc = 1_800_000_000 - (1_800_000_000 % HOUR_S)
const options = { memoryMiB: 512, threads: 1 }
const quiet = { debug() {}, info() {}, warn() {}, error() {} }
const archive = { streams: 200, hours: 2 }

const sealing = { log: quiet, historian: 'bench' }

export async function historian(options: BenchOptions): Promise<Figures> {
  return { ...(await stored(options)), ...(await live(options)) }
}

async function stored({ quick, note }: BenchOptions): Promise<Figures> {
  const folder = await mkdtemp(join(tmpdir(), 'phasorbus-bench-'))
  const store = await Store.open(folder, options)
  const held = () => [{ stream: 1, ledger: Uint8Array.of(0) }]
  const deps = { log: quiet, metrics: createMetrics(), historian: 'bench', held }
  const writer = await HotWriter.open(store, deps)
  try {
    const hours = archive.hours
    const seconds = quick ? 600 : HOUR_S
    const simulation = new Simulation({ seed: 7, fleet: { count: formats.length, formats: [...formats] } }, startSoc)
    const topicOf = (n: number): string => `bench/station/${n}/PMU/1`
    const epochs: Epoch[] = simulation.pmus.map((pmu, n) => {
      const stream = store.numberOf(topicOf(n), writer.batch)
      return store.epochOf(stream, encodeConfiguration(pmu.configuration), startSoc * 1e6, writer.batch)
    })

    const lastFrames: Uint8Array[] = []
    let frames = 0
    let writingMs = 0
    for (let hour = 0; hour < hours; hour++) {
      for (let second = 0; second < seconds; second++) {
        const soc = startSoc + hour * HOUR_S + second
        simulation.slots.forEach(({ fraction }, index) => {
          const timeUs = Math.round((soc + fraction) * 1e6)
          simulation.run(hour * HOUR_S + second, index, soc, (pmu, frame) => {
            const at = simulation.pmus.indexOf(pmu)
            const { stream, number } = epochs[at]!
            lastFrames[at] = frame
            writer.batch.add(stream, number, timeUs, Kind.live, frame)
            frames++
          })
        })
        if (second % 10 !== 9) continue
        const beganMs = performance.now()
        await writer.flush()
        writingMs += performance.now() - beganMs
      }
    }
    const sealer = await Sealer.open(store, sealing)
    const sealBeganMs = performance.now()
    await sealer.seal((startSoc + hours * HOUR_S) * 1e6)
    const sealS = (performance.now() - sealBeganMs) / 1000
    const perValue = (of: readonly number[]): number => {
      const segments = of.flatMap((n) => store.segmentsOf(epochs[n]!.stream))
      const values = segments.reduce(
        (sum, { rows, epoch }) => sum + rows * wordTable(store.epoch(epoch).configuration).words.length,
        0,
      )
      return segments.reduce((sum, { bytes }) => sum + bytes, 0) / values
    }
    const figures: Record<string, number> = {
      bytes_per_value_int: perValue([0, 1]),
      bytes_per_value_int_rectangular: perValue([0]),
      bytes_per_value_int_polar: perValue([1]),
      bytes_per_value_float: perValue([2, 3]),
      bytes_per_value_float_rectangular: perValue([2]),
      bytes_per_value_float_polar: perValue([3]),
      ingest_rows_per_s: frames / (writingMs / 1000),
      seal_rows_per_s: frames / sealS,
    }
    note(
      `${frames} frames: ${Math.round(figures.ingest_rows_per_s!)} rows/s in, ${Math.round(figures.seal_rows_per_s!)} rows/s sealed; ${figures.bytes_per_value_int!.toFixed(2)} bytes per value of integers, ${figures.bytes_per_value_float!.toFixed(2)} of floats`,
    )

    await grow(store, epochs)
    const rows = store.segments.reduce((sum, segment) => sum + segment.rows, 0)
    const query = {
      topic: topicOf(2),
      channels: [channelsOf(store.tableOf(epochs[2]!)).find(({ unit }) => unit === 'V')!.id],
      fromUs: startSoc * 1e6,
      toUs: (startSoc + hours * HOUR_S) * 1e6,
      points: 2000,
    }
    await rangeOf(store, query)
    const tookMs: number[] = []
    for (let n = 0; n < (quick ? 5 : 30); n++) {
      const beganMs = performance.now()
      await rangeOf(store, query)
      tookMs.push(performance.now() - beganMs)
    }
    Object.assign(figures, spreadOf('range_2h_ms', tookMs), { archive_rows: rows })
    note(`2 h of one PMU in 2,000 points out of ${(rows / 1e6).toFixed(0)} M rows: ${median(tookMs).toFixed(1)} ms`)

    const latest = await LatestFrames.open(store)
    for (let n = 0; n < 1000; n++) {
      const epoch = epochs[n % epochs.length]!
      latest.note(
        store.numberOf(`bench/latest/${n}/PMU/1`, writer.batch),
        epoch,
        startSoc * 1e6,
        lastFrames[n % epochs.length]!,
      )
    }
    const latestMs = Array.from({ length: quick ? 5 : 30 }, () => {
      const beganMs = performance.now()
      JSON.stringify(latest.of())
      return performance.now() - beganMs
    })
    Object.assign(figures, spreadOf('latest_1000_ms', latestMs))
    note(`the latest of 1,000 streams, as JSON: ${median(latestMs).toFixed(1)} ms`)
    return figures
  } finally {
    await writer.close()
    await store.close()
    await rm(folder, { recursive: true, force: true })
  }
}

/** More streams, whose files are those of the first: only how many there are is another. */
async function grow(store: Store, epochs: readonly Epoch[]): Promise<void> {
  const own = epochs.map(({ stream }) => store.segmentsOf(stream))
  for (let n = 0; n < archive.streams - epochs.length; n++) {
    const stream = 1000 + n
    for (const segment of own[n % own.length]!) {
      const path = join('sealed', 'bench/grown', `${n}`, segment.path.split('/').at(-1)!)
      await mkdir(dirname(join(store.folder, path)), { recursive: true })
      await link(join(store.folder, segment.path), join(store.folder, path))
      store.replaced([], [{ ...segment, stream, path }])
    }
  }
}
