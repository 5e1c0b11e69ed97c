/** Two days of one stream as sealed files. */
import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { encodeConfiguration } from '../../src/c37118/index.ts'
import { HotWriter } from '../../src/historian/hot-writer.ts'
import { HOUR_US, hourOf, Kind } from '../../src/historian/schema.ts'
import { Sealer } from '../../src/historian/sealer.ts'
import type { Store } from '../../src/historian/store.ts'
import { silentLog } from '../../src/runtime/log.ts'
import { createMetrics } from '../../src/runtime/metrics.ts'
import { Simulation } from '../../src/simulator/index.ts'

export const ARCHIVE_HOURS = 48
const topic = 'bench/secondary-station/archive/PMU/1'
const format = { polar: false, phasors: 'float32', analogs: 'float32', freq: 'float32' } as const

/** The first hour is made frame by frame, of so many seconds; the others are it again, at their times. */
export async function fillTwoDays(store: Store, seconds: number) {
  const firstHour = hourOf(Date.now() * 1000) - ARCHIVE_HOURS - 2
  const startSoc = (firstHour * HOUR_US) / 1e6
  const deps = { log: silentLog, metrics: createMetrics(), historian: 'bench' }
  const writer = await HotWriter.open(store, { ...deps, held: () => [{ stream: 1, ledger: Uint8Array.of(0) }] })
  const simulation = new Simulation({ seed: 7, fleet: { count: 1, formats: [format] } }, startSoc)
  const stream = store.numberOf(topic, writer.batch)
  const [{ configuration }] = simulation.pmus as [(typeof simulation.pmus)[number]]
  const epoch = store.epochOf(stream, encodeConfiguration(configuration), startSoc * 1e6, writer.batch)
  for (let second = 0; second < seconds; second++) {
    simulation.slots.forEach(({ fraction }, index) => {
      const timeUs = Math.round((startSoc + second + fraction) * 1e6)
      simulation.run(second, index, startSoc + second, (_, frame) =>
        writer.batch.add(stream, epoch.number, timeUs, Kind.live, frame),
      )
    })
    if (second % 60 === 59) await writer.flush()
  }
  await writer.close()
  const sealer = await Sealer.open(store, deps)
  await sealer.seal((firstHour + 1) * HOUR_US)
  sealer.close()
  // What was held was no ledger.
  await store.reader.run('delete from held')

  const [made] = store.segmentsOf(stream)
  for (let n = 1; n < ARCHIVE_HOURS; n++) {
    const path = join('sealed/frames', topic, `copy-${n}.e${epoch.number}.g1.parquet`)
    await mkdir(dirname(join(store.folder, path)), { recursive: true })
    await store.reader.run(
      `copy (select time + interval ${n} hour as time, (soc + ${n * 3600})::uinteger as soc, * exclude (time, soc)
             from read_parquet('${join(store.folder, made!.path)}'))
       to '${join(store.folder, path)}' (format parquet, parquet_version v2, compression zstd)`,
    )
    const [fromUs, toUs] = [made!.fromUs + n * HOUR_US, made!.toUs + n * HOUR_US]
    store.replaced([], [{ ...made!, hour: firstHour + n, path, fromUs, toUs }])
  }
  return { topic, fromUs: firstHour * HOUR_US }
}
