import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { compileEncoder, encodeConfiguration, frameTimeOf } from '../../src/c37118/index.ts'
import { HotWriter } from '../../src/historian/hot-writer.ts'
import { storedFrames } from '../../src/historian/reading.ts'
import { Kind } from '../../src/historian/schema.ts'
import { Sealer } from '../../src/historian/sealer.ts'
import { Store } from '../../src/historian/store.ts'
import { configurationOf } from '../pdc/configurations.ts'
import { testDeps } from '../support/deps.ts'

const S = 1_000_000
const HOUR = 3600 * S
const startUs = 1_700_000_000 * S
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
  const writer = await HotWriter.open(await store.connect(), {
    ...deps,
    historian: 'h',
    held: () => [{ stream: 1, ledger: Uint8Array.of(0) }],
  })
  return {
    store,
    writer,
    async close() {
      await writer.close()
      store.close()
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
    const sealer = await Sealer.open(first.store)
    expect(await sealer.seal(startUs + 2 * HOUR)).toBe(2)
    expect(first.store.segments.map(({ rows }) => rows).reduce((sum, rows) => sum + rows, 0)).toBeGreaterThan(80)
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
})
