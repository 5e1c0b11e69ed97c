import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { compileEncoder, encodeConfiguration, frameTimeOf, stampFrame } from '../../src/c37118/index.ts'
import { HotWriter } from '../../src/historian/hot-writer.ts'
import { rangeOf } from '../../src/historian/range.ts'
import { storedFrames } from '../../src/historian/reading.ts'
import { Kind } from '../../src/historian/schema.ts'
import { Sealer } from '../../src/historian/sealer.ts'
import { Store } from '../../src/historian/store.ts'
import { storedValues } from '../../src/historian/stored-values.ts'
import { configurationOf } from '../pdc/configurations.ts'
import { testDeps } from '../support/deps.ts'

const S = 1_000_000
const HOUR = 3600 * S
const startUs = 1_700_000_000 * S
const sealing = { log: testDeps().log, historian: 'h' }
const topic = 'area/secondary-station/1/PMU/7'
const options = { memoryMiB: 256, threads: 1 }
const float = { polar: false, phasors: 'float32', analogs: 'float32', freq: 'float32' } as const

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'phasorbus-historian-'))
  onTestFinished(() => rm(path, { recursive: true, force: true }))
  return path
}

/** Frames of a PMU, each with numbers of its own; some with a -0.0 or an odd NaN. */
function framesOf(count: number, periodUs = 20_000) {
  const configuration = configurationOf([{ idcode: 7, format: float }])
  const fragments = encodeConfiguration(configuration)
  const encoder = compileEncoder(configuration)
  const columns = encoder.createColumns()
  const frames = Array.from({ length: count }, (_, n) => {
    const timeUs = startUs + n * periodUs
    Object.assign(columns, frameTimeOf(timeUs, configuration.timeBase))
    columns.phasors.set([Math.cos(n), Math.sin(n), n % 10 === 0 ? -0 : n, n % 7 === 0 ? Number.NaN : -n])
    columns.freq[0] = 50 + n / 1e6
    return { timeUs, frame: encoder.encode(columns) }
  })
  return { fragments, frames }
}

async function open(path: string) {
  const deps = testDeps()
  const store = await Store.open(path, options)
  const writer = await HotWriter.open(store, {
    ...deps,
    historian: 'h',
    held: () => [{ stream: 1, ledger: Uint8Array.of(0) }],
  })
  return {
    store,
    writer,
    async close() {
      await writer.close()
      await store.close()
    },
  }
}

async function all(store: Store, fromUs = Number.NEGATIVE_INFINITY, toUs = Number.POSITIVE_INFINITY) {
  const found = []
  for await (const stored of storedFrames(store, topic, { fromUs, toUs })) found.push(stored)
  return found
}

describe('a store', () => {
  it('gives every frame back to the bit: hot, sealed, sealed anew with late ones, and opened again', async () => {
    const path = await folder()
    const { fragments, frames } = framesOf(400, 60 * S)
    const first = await open(path)
    const add = (from: number, to: number, { store, writer } = first): void => {
      const stream = store.numberOf(topic, writer.batch)
      for (const { timeUs, frame } of frames.slice(from, to)) {
        const epoch = store.epochOf(stream, fragments, timeUs, writer.batch)
        writer.batch.add(stream, epoch.number, timeUs, Kind.live, frame)
      }
    }
    const isAll = async (store: Store, count: number): Promise<void> => {
      const found = await all(store)
      expect(found.map(({ timeUs }) => timeUs)).toEqual(frames.slice(0, count).map(({ timeUs }) => timeUs))
      expect(Buffer.concat(found.map(({ frame }) => frame))).toEqual(
        Buffer.concat(frames.slice(0, count).map(({ frame }) => frame)),
      )
    }
    add(0, 100)
    add(150, 200)
    await first.writer.flush()
    const sealer = await Sealer.open(first.store, { ...sealing, quietBatches: 0 })
    expect(await sealer.seal(startUs + 2 * HOUR)).toBe(2)
    expect(first.store.segmentsOf(1).reduce((sum, { rows }) => sum + rows, 0)).toBeGreaterThan(80)
    add(100, 150)
    await first.writer.flush()
    await isAll(first.store, 200)
    await sealer.seal(startUs + 4 * HOUR)
    await isAll(first.store, 200)
    expect(Math.max(...first.store.segments.map(({ generation }) => generation))).toBe(2)
    add(200, 300)
    await first.close()

    const second = await open(path)
    await isAll(second.store, 300)
    add(300, 400, second)
    await second.writer.flush()
    await isAll(second.store, 400)
    expect((await all(second.store, startUs + 60 * S, startUs + 180 * S)).length).toBe(2)
    await second.close()
  })

  it('has the value of a time from the frame that a PDC completed, and never from one that contradicts, sealed or not', async () => {
    const { fragments, frames } = framesOf(4)
    const { store, writer, close } = await open(await folder())
    const stream = store.numberOf(topic, writer.batch)
    const epoch = store.epochOf(stream, fragments, startUs, writer.batch)
    const values = [50, 50, 50, 50].map((hz, n) => Math.fround(hz + n / 1e6))
    const add = async (n: number, kind: Kind, of = frames[n]!.frame): Promise<void> => {
      writer.batch.add(stream, epoch.number, frames[n]!.timeUs, kind, of)
      await writer.flush()
    }
    /** A frame of this time with the numbers of another. */
    const other = (n: number, of: number): Uint8Array => {
      const frame = Uint8Array.from(frames[of]!.frame)
      stampFrame(frame, frameTimeOf(frames[n]!.timeUs, 1_000_000))
      return frame
    }
    const sealer = await Sealer.open(store, { ...sealing, quietBatches: 0 })
    const seal = () => sealer.seal(startUs + 2 * HOUR)
    const query = { topic, channels: ['1.freq'], fromUs: startUs, toUs: startUs + S }
    const isAsExpected = async (): Promise<void> => {
      const csv = []
      for await (const row of storedValues(store, query)) csv.push(row.values[0])
      const [series] = (await rangeOf(store, { ...query, points: 100 })).series
      const kinds = (await all(store)).map(({ timeUs, kind }) => [(timeUs - startUs) / 20_000, kind])
      expect({ csv, range: series!.values, kinds }).toEqual({
        csv: [values[0], values[3], values[3], values[1]],
        range: [values[0], values[3], values[3], values[1]],
        kinds: [
          [0, Kind.conflict],
          [0, Kind.live],
          [1, Kind.imported],
          [1, Kind.revision],
          [2, Kind.live],
          [2, Kind.revision],
          [2, Kind.revision],
          [3, Kind.conflict],
          [3, Kind.late],
          [3, Kind.revision],
        ],
      })
    }
    await add(0, Kind.live)
    await add(1, Kind.imported)
    await add(2, Kind.live)
    await add(2, Kind.revision, other(2, 1))
    await add(3, Kind.late)
    await seal()
    await add(0, Kind.conflict, other(0, 2))
    await add(1, Kind.revision, other(1, 3))
    await add(2, Kind.revision, other(2, 3))
    await add(3, Kind.revision, other(3, 1))
    await add(3, Kind.conflict, other(3, 2))
    await isAsExpected()
    await seal()
    expect(await store.reader.rows('select count(*) from frames')).toEqual([[0n]])
    await isAsExpected()
    await close()
  })

  it('has the value of a time from the last of the frames that completed it, though all of them came in one batch', async () => {
    const count = 50
    const { fragments, frames } = framesOf(count + 1)
    const { store, writer, close } = await open(await folder())
    const stream = store.numberOf(topic, writer.batch)
    const epoch = store.epochOf(stream, fragments, startUs, writer.batch)
    const add = (timeUs: number, frame: Uint8Array): void =>
      writer.batch.add(stream, epoch.number, timeUs, Kind.revision, frame)
    /** Each with the numbers of the next, and then with its own. */
    const period = frames.slice(0, count)
    for (const [n, { timeUs }] of period.entries()) {
      const other = Uint8Array.from(frames[n + 1]!.frame)
      stampFrame(other, frameTimeOf(timeUs, 1_000_000))
      add(timeUs, other)
    }
    for (const { timeUs, frame } of period) add(timeUs, frame)
    await writer.flush()
    const expected = period.map((_, n) => Math.fround(50 + n / 1e6))
    const query = { topic, channels: ['1.freq'], fromUs: startUs, toUs: startUs + count * 20_000 }
    const isAsExpected = async (): Promise<void> => {
      const csv: (number | null | undefined)[] = []
      for await (const row of storedValues(store, query)) csv.push(row.values[0])
      const [series] = (await rangeOf(store, { ...query, points: 2 * count })).series
      const wrong = expected.flatMap((hz, n) => (csv[n] === hz && series!.values[n] === hz ? [] : [n]))
      expect(wrong).toEqual([])
    }
    await isAsExpected()
    await (await Sealer.open(store, sealing)).seal(startUs + 2 * HOUR)
    expect(await store.reader.rows('select count(*) from frames')).toEqual([[0n]])
    await isAsExpected()
    await close()
  })

  it('files what stands outside the accounts by when it came: a wild clock makes no file for each frame', async () => {
    const { fragments, frames } = framesOf(100, 100 * HOUR)
    const { store, writer, close } = await open(await folder())
    const stream = store.numberOf(topic, writer.batch)
    const epoch = store.epochOf(stream, fragments, startUs, writer.batch)
    for (const { timeUs, frame } of frames)
      writer.batch.add(stream, epoch.number, timeUs, Kind.outside, frame, startUs + 60 * S)
    await writer.flush()
    const sealer = await Sealer.open(store, sealing)
    expect(await sealer.seal(startUs + 2 * HOUR)).toBe(1)
    expect(await all(store)).toEqual([])
    const found = []
    const always = { fromUs: 0, toUs: Number.POSITIVE_INFINITY }
    for await (const { frame } of storedFrames(store, topic, always, { outside: true })) found.push(frame)
    expect(Buffer.concat(found)).toEqual(Buffer.concat(frames.map(({ frame }) => frame)))
    await close()
  })

  it('seals an hour anew only when late frames have come to an end', async () => {
    const { fragments, frames } = framesOf(100)
    const { store, writer, close } = await open(await folder())
    const stream = store.numberOf(topic, writer.batch)
    const add = async (from: number, to: number): Promise<void> => {
      for (const { timeUs, frame } of frames.slice(from, to)) {
        const epoch = store.epochOf(stream, fragments, timeUs, writer.batch)
        writer.batch.add(stream, epoch.number, timeUs, Kind.late, frame)
      }
      await writer.flush()
    }
    const sealer = await Sealer.open(store, { ...sealing, quietBatches: 3 })
    const seal = (): Promise<number> => sealer.seal(startUs + 2 * HOUR)
    await add(0, 50)
    expect(await seal()).toBe(1)
    await add(50, 99)
    expect(await seal()).toBe(0)
    for (let batch = 0; batch < 3; batch++) await writer.flush()
    expect(await seal()).toBe(1)
    expect((await all(store)).length).toBe(99)
    await close()
  })

  it('removes files that are in no catalog when it is opened', async () => {
    const path = await folder()
    const { fragments, frames } = framesOf(100)
    const first = await open(path)
    const stream = first.store.numberOf(topic, first.writer.batch)
    const epoch = first.store.epochOf(stream, fragments, startUs, first.writer.batch)
    for (const { timeUs, frame } of frames) first.writer.batch.add(stream, epoch.number, timeUs, Kind.live, frame)
    await first.writer.flush()
    await (await Sealer.open(first.store, sealing)).seal(startUs + 2 * HOUR)
    const [segment] = first.store.segments
    const left = ['g0.parquet', 'g2.parquet', 'g3.parquet.tmp'].map((name) =>
      join(path, segment!.path.replace('g1.parquet', name)),
    )
    for (const file of left) await writeFile(file, 'half')
    await first.close()

    const second = await open(path)
    await (await Sealer.open(second.store, sealing)).tidy()
    expect(
      (await readdir(join(path, 'sealed'), { recursive: true })).filter((name) => /parquet/.test(name)).toSorted(),
    ).toEqual(
      // One that is newer than the catalog knows is somebody's work: it is said, and stays.
      [...first.store.segments.map(({ path: file }) => file), segment!.path.replace('g1', 'g2')]
        .map((file) => file.slice('sealed/'.length))
        .toSorted(),
    )
    expect((await all(second.store)).length).toBe(100)
    await second.close()
  })

  it('keeps least, greatest and mean of seconds and minutes, and longer than the frames, where it is told so', async () => {
    const path = await folder()
    const { fragments, frames } = framesOf(3 * 60 * 50)
    const { store, writer, close } = await open(path)
    const stream = store.numberOf(topic, writer.batch)
    const epoch = store.epochOf(stream, fragments, startUs, writer.batch)
    for (const { timeUs, frame } of frames) writer.batch.add(stream, epoch.number, timeUs, Kind.live, frame)
    await writer.flush()
    const sealer = await Sealer.open(store, { ...sealing, quietBatches: 0 })
    await sealer.seal(startUs + 2 * HOUR)
    const [minutes] = store.segmentsOf(stream, 0, Number.POSITIVE_INFINITY, 'minutes')
    const rows = await store.reader.rows(
      `select frames, "1.freq.min", "1.freq.max", "1.freq.mean", "1.freq.count", "1.stat.or"
       from read_parquet('${join(path, minutes!.path)}') order by time`,
    )
    const fround = (n: number): number => Math.fround(50 + n / 1e6)
    // The first frame is at 20 s of a minute.
    const ends = [0, 40 * 50, 100 * 50, 160 * 50, frames.length]
    expect(rows.length).toBe(4)
    rows.forEach(([count, least, greatest, mean, values, stat], at) => {
      const [from, to] = [ends[at]!, ends[at + 1]!]
      expect([count, least, greatest, values, stat]).toEqual([to - from, fround(from), fround(to - 1), to - from, 0])
      expect(mean).toBeCloseTo(50 + (from + to - 1) / 2e6, 6)
    })
    const query = { topic, channels: ['1.freq'], fromUs: startUs, toUs: startUs + 180 * S, points: 4 }
    const before = await rangeOf(store, query)

    expect(await sealer.expire(startUs + 49 * HOUR, { frames: 2, minutes: 1000 })).toBe(1)
    expect(await all(store)).toEqual([])
    const after = await rangeOf(store, query)
    expect(after.series[0]!.values).toEqual(before.series[0]!.values)
    expect((await rangeOf(store, { ...query, points: 20_000 })).isRaw).toBe(false)
    await close()
  })
})
