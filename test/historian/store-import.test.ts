import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Configuration } from '../../src/c37118/index.ts'
import { RecoverySettings } from '../../src/config/recovery.ts'
import { Kind, rangeOf, Store, StoreImport, storedFrames } from '../../src/historian/index.ts'
import { KnownFrames } from '../../src/historian/known-frames.ts'
import { Sealer } from '../../src/historian/sealer.ts'
import { silentLog } from '../../src/runtime/log.ts'
import { accountedFor } from '../../src/streams/index.ts'
import { testDeps } from '../support/deps.ts'
import { historianOn } from '../support/historian-on.ts'
import { JournaledStreams, site, type TestStream } from '../support/journaled-streams.ts'
import { configurationFrames, frameWriter, smallPmu } from '../support/stream-frames.ts'
import { until } from '../support/until.ts'

const recovery = RecoverySettings.parse({})
const options = { memoryMiB: 256, threads: 1, recovery, log: silentLog }
const topic = `${site}/PMU/7`
const all = { fromUs: 0, toUs: Number.POSITIVE_INFINITY }

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'phasorbus-import-'))
  onTestFinished(() => rm(path, { recursive: true, force: true }))
  return path
}

async function imported(path: string, of: string, configuration: Configuration, frames: readonly Uint8Array[]) {
  const into = await StoreImport.open(path, options)
  const fragments = configurationFrames(configuration)
  for (const frame of frames) await into.add(of, fragments, frame)
  await into.finish()
  return into.streams.get(of)
}

async function opened<T>(path: string, work: (store: Store) => Promise<T>): Promise<T> {
  const store = await Store.open(path, { memoryMiB: 256, threads: 1 })
  try {
    return await work(store)
  } finally {
    await store.close()
  }
}

async function framesOf(store: Store, of: string) {
  const found = []
  for await (const frame of storedFrames(store, of, all)) found.push(frame)
  return found
}

const numbers = (from: number, to: number): readonly number[] => Array.from({ length: to - from }, (_, n) => from + n)

describe('what is imported', () => {
  const configuration = smallPmu()
  const write = frameWriter(configuration)

  it('is there byte for byte, sealed, with its values; and once, however often it comes', async () => {
    const path = await folder()
    const frames = numbers(0, 500).map(write)
    expect(await imported(path, topic, configuration, frames)).toMatchObject({ added: 500, known: 0, conflicts: 0 })
    expect(await imported(path, topic, configuration, [...frames, write(500)])).toMatchObject({ added: 1, known: 500 })
    await opened(path, async (store) => {
      const found = await framesOf(store, topic)
      expect(Buffer.concat(found.map(({ frame }) => frame))).toEqual(Buffer.concat(numbers(0, 501).map(write)))
      expect(new Set(found.map(({ kind }) => kind))).toEqual(new Set([Kind.imported]))
      expect(await store.reader.rows('select count(*) from frames')).toEqual([[0n]])
      expect(store.epochsOf(store.streamOf(topic))).toHaveLength(1)
      const period = { fromUs: configuration.soc * 1e6, toUs: configuration.soc * 1e6 + 20e6 }
      const { series } = await rangeOf(store, { topic, channels: ['1.V0.magnitude'], points: 2000, ...period })
      expect(series[0]!.values).toEqual(numbers(0, 501))
    })
  })

  it('is found whatever its order, of more hours and streams than are remembered', async () => {
    const path = await folder()
    const hours = numbers(0, 6).map((hour) => write(hour * 3600 * 50))
    const shuffled = [...hours.toReversed(), ...hours]
    expect(await imported(path, topic, configuration, shuffled)).toMatchObject({ added: 6, known: 6 })
    await opened(path, async (store) => {
      expect(new Set(store.segmentsOf(store.streamOf(topic)).map(({ hour }) => hour)).size).toBe(6)
      const known = new KnownFrames(store, async () => {}, 1)
      for (const frame of shuffled) expect(await known.meet(topic, timeUsOf(frame), frame)).toBe('same')
    })
  })

  it('is kept beside what has other bytes, as a conflict', async () => {
    const path = await folder()
    await imported(path, topic, configuration, [write(0), write(1)])
    const other = frameWriter({ ...configuration, idcode: 8 })
    expect(await imported(path, topic, configuration, [other(1), write(1), other(1)])).toMatchObject({
      added: 0,
      known: 2,
      conflicts: 1,
    })
    await opened(path, async (store) => {
      const found = await framesOf(store, topic)
      expect(found.map(({ kind }) => kind).toSorted()).toEqual([Kind.conflict, Kind.imported, Kind.imported])
    })
  })

  it('is sealed on the way where it is much: an hour of which more comes is written anew', async () => {
    const path = await folder()
    const into = await StoreImport.open(path, { ...options, maxHotFrames: 100 })
    const fragments = configurationFrames(configuration)
    // Of ten minutes each: what came before is looked up in the store.
    const frames = numbers(0, 300).map((n) => write(Math.floor(n / 100) * 30_000 + n))
    for (const frame of frames) await into.add(topic, fragments, frame)
    for (const n of [0, 299]) await into.add(topic, fragments, frames[n]!)
    await into.finish()
    expect(into.streams.get(topic)).toMatchObject({ added: 300, known: 2, conflicts: 0 })
    await opened(path, async (store) => {
      expect(await framesOf(store, topic)).toHaveLength(300)
      expect(Math.max(...store.segments.map(({ generation }) => generation))).toBeGreaterThan(1)
      expect(await store.reader.rows('select count(*) from frames')).toEqual([[0n]])
    })
  })

  it('takes nothing from the seconds and minutes of an hour whose frames are gone, however often it comes', async () => {
    const path = await folder()
    await imported(path, topic, configuration, numbers(0, 500).map(write))
    const expired = (): Promise<void> =>
      opened(path, async (store) => {
        const sealer = await Sealer.open(store, { log: silentLog, historian: 'history' })
        const nowUs = (configuration.soc + 60 * 86_400) * 1e6
        expect(await sealer.expire(nowUs, { frames: 30, seconds: 365 })).toBe(1)
        sealer.close()
      })
    const rowsOf = (tier: 'seconds' | 'minutes') =>
      opened(path, async (store) => {
        const [file] = store.segmentsOf(store.streamOf(topic), 0, Number.POSITIVE_INFINITY, tier)
        const channel = '"1.V0.magnitude'
        return store.reader.rows(
          `select frames, ${channel}.min", ${channel}.max", ${channel}.mean", ${channel}.count", "1.stat.or"
           from read_parquet('${join(path, file!.path)}') order by time`,
        )
      })
    const row = (from: number, to: number) => [to - from, from, to - 1, (from + to - 1) / 2, to - from, 0]
    await expired()
    expect(await rowsOf('seconds')).toEqual(numbers(0, 10).map((n) => row(50 * n, 50 * n + 50)))

    // Some of a second that is known, and a second that is not; then another of that, while the first ones are there.
    await imported(path, topic, configuration, [...numbers(210, 215), ...numbers(600, 650)].map(write))
    await imported(path, topic, configuration, numbers(300, 310).map(write))
    await expired()
    const seconds = [...numbers(0, 10).map((n) => row(50 * n, 50 * n + 50)), row(600, 650)]
    expect(await rowsOf('seconds')).toEqual(seconds)
    const [minute] = await rowsOf('minutes')
    expect(minute).toEqual([500, 0, 649, 249.5, 500, 0])
  })

  it('hides nothing of the seconds of an hour of which it brings some frames only', async () => {
    const path = await folder()
    await imported(path, topic, configuration, numbers(0, 500).map(write))
    await opened(path, async (store) => {
      const sealer = await Sealer.open(store, { log: silentLog, historian: 'history' })
      expect(await sealer.expire((configuration.soc + 60 * 86_400) * 1e6, { frames: 30 })).toBe(1)
      sealer.close()
    })
    await imported(path, topic, configuration, numbers(0, 100).map(write))
    const values = await opened(path, async (store) => {
      const [fromUs, toUs] = [configuration.soc + 5, configuration.soc + 10].map((s) => s * 1e6) as [number, number]
      const query = { topic, channels: ['1.V0.magnitude'], points: 10, fromUs, toUs }
      return (await rangeOf(store, query)).series[0]!.values
    })
    // The least and the greatest of each second, both at its time.
    expect(values).toEqual([250, 299, 300, 349, 350, 399, 400, 449, 450, 499])
  })

  it('goes on where it was cut off', async () => {
    const path = await folder()
    const first = await StoreImport.open(path, options)
    const write7 = configurationFrames(configuration)
    await first.add(topic, write7, write(0))
    await first.close()
    // What was cut off before its end is there, and sealed the next time.
    expect(await imported(path, topic, configuration, [write(0)])).toMatchObject({ added: 0, known: 1 })
  })
})

const timeUsOf = (frame: Uint8Array): number => new DataView(frame.buffer, frame.byteOffset).getUint32(6) * 1e6

describe('a historian over a store with what was imported', () => {
  const bytesOf = (stream: TestStream, from: number, to: number): Buffer =>
    Buffer.concat(numbers(from, to).map((n) => stream.frame(n)))

  it('does not ask for what it lacked and was brought, and has its accounts right', async () => {
    const path = await folder()
    await using brokerDeps = testDeps()
    const line = await JournaledStreams.start(brokerDeps)
    const pmu = line.stream(1).carriedBy('one')
    {
      await using deps = testDeps()
      const historian = await historianOn(deps, line, path)
      await until(() => historian.store.topics.length === 1)
      pmu.live(100, 150)
      pmu.live(200, 250)
      await until(() => historian.accounts().get(pmu.topic)?.live === 100)
    }
    // Before what it knows, within its gap, what it has, and after its end.
    const frames = [...numbers(0, 120), ...numbers(160, 200), ...numbers(250, 300)].map((n) => pmu.frame(n))
    expect(await imported(path, pmu.topic, pmu.configuration, frames)).toMatchObject({
      added: 190,
      healed: 90,
      known: 20,
      conflicts: 0,
    })
    await using deps = testDeps()
    const historian = await historianOn(deps, line, path)
    const asked = line.journal().queries.length
    pmu.live(320, 350)
    pmu.journaled(0, 350)
    await until(() => historian.accounts().get(pmu.topic)?.late === 90 + 10 + 20)
    await historian.flush()
    const account = historian.accounts().get(pmu.topic)!
    expect(account).toMatchObject({ expected: 250, live: 130, late: 120, pending: 0, duplicates: 0, conflicts: 0 })
    expect(accountedFor(account)).toBe(250)
    const found = await framesOf(historian.store, pmu.topic)
    expect(Buffer.concat(found.map(({ frame }) => frame))).toEqual(bytesOf(pmu, 0, 350))
    expect(found.filter(({ kind }) => kind === Kind.imported)).toHaveLength(100)
    const pulled = line.journal().queries.slice(asked)
    for (const { fromUs } of pulled) expect(fromUs).toBeGreaterThanOrEqual(pmu.timeUs(150) - 10_000)
  })

  it('counts a conflict that was imported', async () => {
    const path = await folder()
    await using brokerDeps = testDeps()
    const line = await JournaledStreams.start(brokerDeps)
    const pmu = line.stream(1).carriedBy('one')
    {
      await using deps = testDeps()
      const historian = await historianOn(deps, line, path)
      await until(() => historian.store.topics.length === 1)
      pmu.live(0, 50)
      await until(() => historian.accounts().get(pmu.topic)?.live === 50)
    }
    const other = frameWriter({ ...pmu.configuration, idcode: 8 })
    const first = await imported(path, pmu.topic, pmu.configuration, [other(10), pmu.frame(11)])
    expect(first).toMatchObject({ added: 0, known: 1, conflicts: 1 })
    await using deps = testDeps()
    const historian = await historianOn(deps, line, path)
    pmu.live(50, 60)
    await until(() => historian.accounts().get(pmu.topic)?.live === 60)
    expect(historian.accounts().get(pmu.topic)).toMatchObject({ expected: 60, conflicts: 1, late: 0 })
  })

  it('begins a stream that was only imported at its first frame: nothing in between is missed', async () => {
    const path = await folder()
    await using brokerDeps = testDeps()
    const line = await JournaledStreams.start(brokerDeps)
    const pmu = line.stream(1, { secondsAgo: 30 })
    const old = frameWriter({ ...pmu.configuration, soc: pmu.configuration.soc - 400 * 86_400 })
    await imported(path, pmu.topic, pmu.configuration, numbers(0, 100).map(old))
    pmu.carriedBy('one')
    await using deps = testDeps()
    const historian = await historianOn(deps, line, path)
    pmu.live(100, 150)
    pmu.journaled(0, 150)
    await until(() => historian.accounts().get(pmu.topic)?.live === 50)
    await historian.flush()
    expect(historian.accounts().get(pmu.topic)).toMatchObject({ expected: 50, live: 50, late: 0, pending: 0 })
    expect(await framesOf(historian.store, pmu.topic)).toHaveLength(150)
  })
})
