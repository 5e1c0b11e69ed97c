import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import {
  type Configuration,
  compileEncoder,
  encodeConfiguration,
  encodeStat,
  frameTimeOf,
} from '../../src/c37118/index.ts'
import { eventsOf } from '../../src/historian/events.ts'
import { HotWriter } from '../../src/historian/hot-writer.ts'
import { rangeOf } from '../../src/historian/range.ts'
import { storedFrames } from '../../src/historian/reading.ts'
import { Kind } from '../../src/historian/schema.ts'
import { Sealer } from '../../src/historian/sealer.ts'
import { Store } from '../../src/historian/store.ts'
import { storedValues } from '../../src/historian/stored-values.ts'
import { configurationOf } from '../pdc/configurations.ts'
import { testDeps } from '../support/deps.ts'

const topic = 'area/secondary-station/1/PMU/7'
const startUs = 1_700_000_000_000_000
const PHASORS = 3000
const FRAMES = 60

/** As wide as a CFG-2 can make it: two numbers a phasor, and every value says which it is. */
function wide() {
  const base = configurationOf([
    { idcode: 7, format: { polar: false, phasors: 'int16', analogs: 'int16', freq: 'int16' } },
  ])
  const phasors = Array.from({ length: PHASORS }, (_, n) => ({
    name: `V${n}`,
    kind: 'voltage' as const,
    phunit: 100_000,
  }))
  const configuration: Configuration = { ...base, pmus: [{ ...base.pmus[0]!, phasors, analogs: [], digitals: [] }] }
  const encoder = compileEncoder(configuration)
  const columns = encoder.createColumns()
  const frames = Array.from({ length: FRAMES }, (_, n) => {
    const timeUs = startUs + n * 20_000
    Object.assign(columns, frameTimeOf(timeUs, configuration.timeBase))
    for (let at = 0; at < PHASORS; at++) columns.phasors[2 * at] = ((n + at) % 1000) + 1
    columns.freq[0] = 50
    columns.stat[0] = n >= 20 && n < 30 ? encodeStat({ trigger: true, triggerReason: 4 }) : 0
    return { timeUs, frame: encoder.encode(columns) }
  })
  return { fragments: encodeConfiguration(configuration), frames }
}

describe('a stream of thousands of numbers a frame', () => {
  it('is sealed as whole frames, without tiers: frames and values are given from these', async () => {
    const path = await mkdtemp(join(tmpdir(), 'phasorbus-wide-'))
    onTestFinished(() => rm(path, { recursive: true, force: true }))
    const deps = testDeps()
    const store = await Store.open(path, { memoryMiB: 256, threads: 1 })
    const writer = await HotWriter.open(store, {
      ...deps,
      historian: 'h',
      held: () => [{ stream: 1, ledger: Uint8Array.of(0) }],
    })
    const { fragments, frames } = wide()
    const stream = store.numberOf(topic, writer.batch)
    const epoch = store.epochOf(stream, fragments, startUs, writer.batch)
    for (const { timeUs, frame } of frames) writer.batch.add(stream, epoch.number, timeUs, Kind.live, frame, timeUs)
    await writer.close()

    const sealer = await Sealer.open(store, { log: deps.log, historian: 'h' })
    expect(await sealer.seal(startUs + 2 * 3_600_000_000)).toBe(1)
    sealer.close()
    expect(store.segments.map(({ tier, rows }) => [tier, rows])).toEqual([['frames', FRAMES]])

    const period = { fromUs: startUs, toUs: startUs + 10_000_000 }
    const found = []
    for await (const { frame } of storedFrames(store, topic, period)) found.push(frame)
    expect(Buffer.concat(found)).toEqual(Buffer.concat(frames.map(({ frame }) => frame)))

    const channels = ['1.V0.magnitude', '1.V2999.magnitude']
    const expected = [0, 2999].map((at) => frames.map((_, n) => ((n + at) % 1000) + 1))
    const raw = await rangeOf(store, { topic, channels, points: 1000, ...period })
    expect(raw.series.map(({ values }) => values)).toEqual(expected)
    const few = await rangeOf(store, { topic, channels, points: 2, ...period })
    expect(few.series.map(({ values }) => values.toSorted((one, other) => one! - other!))).toEqual(
      expected.map((of) => [Math.min(...of), Math.max(...of)]),
    )
    const rows = []
    for await (const { values } of storedValues(store, { topic, channels, ...period })) rows.push(values)
    expect(rows).toEqual(frames.map((_, n) => [expected[0]![n], expected[1]![n]]))
    const query = { topic, ...period, limit: 10, kinds: ['trigger'] as const }
    const { events } = await eventsOf(store, query, () => ({ ledger: undefined, archived: [], batch: 0, sinceUs: 0 }))
    expect(events.map(({ timeUs, untilUs }) => [timeUs, untilUs])).toEqual([[frames[20]!.timeUs, frames[30]!.timeUs]])
    await store.close()
  })
})
