import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import {
  type Configuration,
  compileDecoder,
  compileEncoder,
  decodeConfiguration,
  encodeConfiguration,
  type Format,
  FrameType,
  frameTimeOf,
  stampFrame,
} from '../../src/c37118/index.ts'
import { type Channel, channelsOf } from '../../src/historian/channels.ts'
import { FrameTable } from '../../src/historian/frame-table.ts'
import { HotWriter } from '../../src/historian/hot-writer.ts'
import { rangeOf } from '../../src/historian/range.ts'
import { Kind } from '../../src/historian/schema.ts'
import { Sealer } from '../../src/historian/sealer.ts'
import { Store } from '../../src/historian/store.ts'
import { storedValues } from '../../src/historian/stored-values.ts'
import { configurationOf } from '../pdc/configurations.ts'
import { testDeps } from '../support/deps.ts'

const S = 1_000_000
const MINUTE = 60 * S
const startUs = 1_699_999_200 * S
const sealing = { log: testDeps().log, historian: 'h' }
const topic = 'area/secondary-station/1/PMU/7'
const formats: readonly Format[] = [
  { polar: false, phasors: 'int16', analogs: 'int16', freq: 'int16' },
  { polar: true, phasors: 'int16', analogs: 'float32', freq: 'int16' },
  { polar: false, phasors: 'float32', analogs: 'int16', freq: 'float32' },
  { polar: true, phasors: 'float32', analogs: 'float32', freq: 'float32' },
]

/** Numbers that repeat with the seed. */
function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
    return state / 0x7fffffff
  }
}

/** A frame each minute with any bits, marks of absence among them; integers where those are. */
function framesOf(configuration: Configuration, count: number) {
  const encoder = compileEncoder(configuration)
  const next = random(count)
  return Array.from({ length: count }, (_, n) => {
    const frame = encoder.encode(encoder.createColumns())
    for (let at = 14; at < frame.length - 2; at++) frame[at] = Math.floor(256 * next())
    const timeUs = startUs + n * MINUTE
    const view = new DataView(frame.buffer)
    if (n % 11 === 0) for (let at = 16; at + 2 < frame.length; at += 2) view.setUint16(at, 0x8000)
    if (n % 13 === 0) for (let at = 16; at + 4 < frame.length; at += 4) view.setUint32(at, 0x7fc00000)
    const { soc, fraction } = frameTimeOf(timeUs, configuration.timeBase)
    stampFrame(frame, { soc, fraction })
    return { timeUs, frame }
  })
}

async function storeOf(configuration: Configuration, frames: readonly { timeUs: number; frame: Uint8Array }[]) {
  const path = await mkdtemp(join(tmpdir(), 'phasorbus-historian-'))
  onTestFinished(() => rm(path, { recursive: true, force: true }))
  const store = await Store.open(path, { memoryMiB: 256, threads: 1 })
  const held = () => [{ stream: 1, ledger: Uint8Array.of(0) }]
  const writer = await HotWriter.open(store, { ...testDeps(), historian: 'h', held })
  onTestFinished(async () => {
    await writer.close()
    await store.close()
  })
  const stream = store.numberOf(topic, writer.batch)
  const epoch = store.epochOf(stream, encodeConfiguration(configuration), startUs, writer.batch)
  for (const { timeUs, frame } of frames) writer.batch.add(stream, epoch.number, timeUs, Kind.live, frame)
  await writer.flush()
  const sealer = await Sealer.open(store, sealing)
  await sealer.seal(startUs + 4 * 60 * MINUTE)
  expect(store.segmentsOf(stream).length).toBe(4)
  return store
}

/** What the decoder says of each frame. */
function decoded(configuration: Configuration, channels: readonly Channel[], frames: readonly { frame: Uint8Array }[]) {
  const decoder = compileDecoder(configuration)
  const columns = decoder.createColumns()
  return frames.map(({ frame }) => {
    decoder.decodeInto(frame, columns)
    return channels.map((channel) => channel.read(columns))
  })
}

const again = (configuration: Configuration): Configuration => decodeConfiguration(encodeConfiguration(configuration))

const about = (one: number, other: number | null): boolean =>
  Number.isNaN(one)
    ? other === null
    : other === one || (other !== null && Math.abs(one - other) <= 1e-9 * Math.max(1, Math.abs(one)))

describe.each(formats)('a range of channels: %j', (format) => {
  // As a stream says it: float32 scales.
  const configuration = again({
    ...configurationOf([
      { idcode: 1, format },
      {
        idcode: 2,
        format,
        phasors: [{ name: 'V.A', kind: 'voltage', scale: 0.5, angleOffset: 0.3 }],
        analogs: [{ name: 'T', magnitude: 0.01, offset: 5 }],
      },
    ]),
    type: FrameType.config3,
    dataRate: -60,
  })
  const channels = channelsOf(new FrameTable(configuration))
  const ids = channels.map(({ id }) => id)
  const frames = framesOf(configuration, 300)
  const whole = { topic, channels: ids, fromUs: startUs, toUs: startUs + 300 * MINUTE }

  it('has all values as the decoder says them, of what is sealed and what is hot', async () => {
    const store = await storeOf(configuration, frames)
    const { series, isRaw } = await rangeOf(store, { ...whole, points: 300 })
    const values = decoded(configuration, channels, frames)
    expect(isRaw).toBe(true)
    series.forEach(({ channel, timesUs, values: found }, at) => {
      expect(timesUs).toEqual(frames.map(({ timeUs }) => timeUs))
      const wrong = found.flatMap((value, n) =>
        about(values[n]![at]!, value) ? [] : [[channel, n, values[n]![at], value]],
      )
      expect(wrong).toEqual([])
    })
    const rows = []
    for await (const row of storedValues(store, whole)) rows.push(row)
    expect(rows.map(({ timeUs }) => timeUs)).toEqual(frames.map(({ timeUs }) => timeUs))
    expect(rows.map((row) => row.values)).toEqual(frames.map((_, n) => series.map((one) => one.values[n])))
  })

  it('has the least and the greatest of each part where there are more than were asked for', async () => {
    const store = await storeOf(configuration, frames)
    const parts = 7
    const { series, isRaw } = await rangeOf(store, { ...whole, points: 2 * parts })
    expect(isRaw).toBe(false)
    const values = decoded(configuration, channels, frames)
    series.forEach(({ timesUs, values: found }, at) => {
      const extremes = Array.from({ length: parts }, (_, part) => {
        const of = values.flatMap((row, n) => (Math.floor((n * parts) / 300) === part ? [row[at]!] : []))
        return of.filter((value) => !Number.isNaN(value))
      })
        .filter((of) => of.length > 0)
        .flatMap((of) => [Math.min(...of), Math.max(...of)])
      const partOf = (timeUs: number): number => Math.floor(((timeUs - startUs) * parts) / (300 * MINUTE))
      const sorted = Array.from({ length: parts }, (_, part) => found.filter((_, n) => partOf(timesUs[n]!) === part))
        .filter((of) => of.length > 0)
        .flatMap((of) => [Math.min(...of.map(Number)), Math.max(...of.map(Number))])
      expect(sorted.length).toBe(extremes.length)
      sorted.forEach((value, n) => {
        expect(about(extremes[n]!, value)).toBe(true)
      })
    })
  })
})

describe('a stream that has more frames than its DATA_RATE says', () => {
  it.each([0, -32_767])(
    'is given as the least and the greatest of each part where it has more than were asked for: %d',
    async (dataRate) => {
      const configuration = again({ ...configurationOf([{ idcode: 7 }]), dataRate })
      const frames = framesOf(configuration, 300)
      const [channel] = channelsOf(new FrameTable(configuration)).filter(({ id }) => id === '1.VA.magnitude')
      const store = await storeOf(configuration, frames)
      const query = { topic, channels: [channel!.id], fromUs: startUs, toUs: startUs + 300 * MINUTE }
      const values = decoded(configuration, [channel!], frames)
        .flat()
        .filter((value) => !Number.isNaN(value))
      const few = await rangeOf(store, { ...query, points: 20 })
      expect(few.isRaw).toBe(false)
      expect(few.series[0]!.values.length).toBeLessThanOrEqual(20)
      const found = few.series[0]!.values.map(Number)
      expect(about(Math.min(...values), Math.min(...found))).toBe(true)
      expect(about(Math.max(...values), Math.max(...found))).toBe(true)
      for (const [points, isRaw] of [
        [299, false],
        [300, true],
      ] as const)
        expect((await rangeOf(store, { ...query, points })).isRaw).toBe(isRaw)
    },
  )
})

describe('what is not there', () => {
  it('is said: a stream, a channel', async () => {
    const configuration = configurationOf([{ idcode: 7 }], { dataRate: -60 })
    const store = await storeOf(configuration, framesOf(configuration, 300))
    const query = { topic, channels: ['1.VA.magnitude'], fromUs: startUs, toUs: startUs + MINUTE, points: 10 }
    await expect(rangeOf(store, { ...query, topic: 'area/x/1/PMU/1' })).rejects.toMatchObject({
      facts: { code: 'HISTORIAN_UNKNOWN_STREAM' },
    })
    await expect(rangeOf(store, { ...query, channels: ['1.VB.magnitude'] })).rejects.toMatchObject({
      facts: { code: 'HISTORIAN_UNKNOWN_CHANNEL', channel: '1.VB.magnitude' },
    })
  })
})
