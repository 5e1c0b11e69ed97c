import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import {
  ABSENT_STAT,
  compileEncoder,
  describeDataError,
  describeTrigger,
  encodeConfiguration,
  frameTimeOf,
  Stat,
} from '../../src/c37118/index.ts'
import { type EventKind, eventKinds } from '../../src/historian/event-kinds.ts'
import { type EventsQuery, eventsOf, type StreamEvent } from '../../src/historian/events.ts'
import { HotWriter } from '../../src/historian/hot-writer.ts'
import { Kind } from '../../src/historian/schema.ts'
import { Sealer } from '../../src/historian/sealer.ts'
import { Store } from '../../src/historian/store.ts'
import { configurationOf } from '../pdc/configurations.ts'
import { testDeps } from '../support/deps.ts'

const HOUR_US = 3_600_000_000
/** Seven seconds before an hour ends. */
const startUs = 1_699_999_200_000_000 + HOUR_US - 7_000_000
const periodUs = 20_000
const unknown = { ledger: undefined, archived: [], batch: 0, sinceUs: 0 }
const sealing = { log: testDeps().log, historian: 'h', quietBatches: 0 }
const configuration = configurationOf([
  { idcode: 7, format: { polar: false, phasors: 'int16', analogs: 'int16', freq: 'int16' } },
  { idcode: 8, format: { polar: true, phasors: 'float32', analogs: 'float32', freq: 'float32' } },
])

/** With a trigger, and with what is no absence: a PMU error. */
const absent = [ABSENT_STAT, ABSENT_STAT | 0x0803, ABSENT_STAT | Stat.dataError]

/** So many frames with this STAT, one after the other, or none of them. */
const stretch = fc.record({
  frames: fc.integer({ min: 1, max: 200 }),
  stats: fc.tuple(
    ...[0, 1].map(() => fc.constantFrom(0, 0, 0x0803, 0x0804, 0x2000, 0x4000, 0x6805, 0x1000, 0x0003, ...absent)),
  ),
  isThere: fc.boolean(),
})

const stretches = fc.array(stretch, { minLength: 1, maxLength: 12, size: 'max' })

interface Sent {
  readonly timeUs: number
  readonly stats: readonly number[]
}

/** What is said of one PMU by one mark: runs of frames that have it. */
function runsOf(sent: readonly Sent[], pmu: number, mark: (stat: number) => string | undefined, kind: string) {
  const runs: { kind: string; what: string; timeUs: number; untilUs: number; pmu: number }[] = []
  for (const { timeUs, stats } of sent) {
    const what = mark(stats[pmu]!)
    const last = runs.at(-1)
    if (what === undefined) continue
    if (last?.what === what && last.untilUs === timeUs) last.untilUs = timeUs + periodUs
    else runs.push({ kind, what, timeUs, untilUs: timeUs + periodUs, pmu: pmu + 1 })
  }
  return runs
}

const isAbsent = (stat: number): boolean => stat === ABSENT_STAT || stat === (ABSENT_STAT | 0x0803)

const expectedOf = (frames: readonly Sent[], isPdc: boolean) => {
  const lost = isPdc ? runsOfAbsent(frames) : []
  const sent = isPdc ? frames.map(withoutAbsence) : frames
  return [0, 1]
    .flatMap((pmu) => [
      ...runsOf(sent, pmu, (stat) => (stat & Stat.trigger ? describeTrigger(stat) : undefined), 'trigger'),
      ...runsOf(sent, pmu, (stat) => (stat & Stat.notSynchronised ? 'not synchronised' : undefined), 'sync-lost'),
      ...runsOf(sent, pmu, (stat) => describeDataError(stat, configuration.version) || undefined, 'data-error'),
    ])
    .concat(lost)
    .toSorted(inOrder)
}

const runsOfAbsent = (sent: readonly Sent[]) =>
  [0, 1].flatMap((pmu) =>
    runsOf(sent, pmu, (stat) => (isAbsent(stat) ? 'PMU absent from the frame' : undefined), 'absent'),
  )

/** What else a block says that is absent. */
const withoutAbsence = ({ timeUs, stats }: Sent): Sent => ({
  timeUs,
  stats: stats.map((stat) => (isAbsent(stat) ? stat & ~ABSENT_STAT : stat)),
})

interface Told {
  readonly timeUs: number
  readonly kind: string
  readonly what: string
  readonly pmu: number
}

const inOrder = (one: Told, other: Told): number =>
  one.timeUs - other.timeUs ||
  `${one.pmu}${one.kind}${one.what}`.localeCompare(`${other.pmu}${other.kind}${other.what}`)

const told = (events: readonly StreamEvent[]) =>
  events
    .filter(({ kind }) => kind !== 'appeared')
    .map(({ timeUs, untilUs, kind, what, detail }) => ({ timeUs, untilUs, kind, what, pmu: Number(detail[4]) }))
    .toSorted(inOrder)

async function opened() {
  const path = await mkdtemp(join(tmpdir(), 'phasorbus-events-'))
  onTestFinished(() => rm(path, { recursive: true, force: true }))
  const store = await Store.open(path, { memoryMiB: 256, threads: 1 })
  const held = () => [{ stream: 1, ledger: Uint8Array.of(0) }]
  const writer = await HotWriter.open(store, { ...testDeps(), historian: 'h', held })
  const sealer = await Sealer.open(store, sealing)
  const encoder = compileEncoder(configuration)
  const columns = encoder.createColumns()
  return {
    store,
    writer,
    sealer,
    add(topic: string, { timeUs, stats }: Sent, kind: Kind = Kind.live): void {
      const stream = store.numberOf(topic, writer.batch)
      const epoch = store.epochOf(stream, fragments, timeUs, writer.batch)
      Object.assign(columns, frameTimeOf(timeUs, configuration.timeBase))
      columns.stat.set(stats)
      writer.batch.add(stream, epoch.number, timeUs, kind, encoder.encode(columns))
    },
    async close() {
      await writer.close()
      sealer.close()
      await store.close()
    },
  }
}

const fragments = encodeConfiguration(configuration)

describe('events', () => {
  it('are the runs of what STAT says, to the frame: of what is hot and of what is sealed, over the end of an hour', async () => {
    const { store, writer, sealer, add, close } = await opened()
    let run = 0
    await fc.assert(
      fc.asyncProperty(stretches, fc.boolean(), fc.subarray([...eventKinds]), async (stretches, isPdc, kinds) => {
        const topic = `area/secondary-station/1/${isPdc ? 'PDC' : 'PMU'}/${++run}`
        const sent: Sent[] = []
        let n = 0
        for (const { frames, stats, isThere } of stretches)
          for (const end = n + frames; n < end; n++)
            if (isThere || n === 0) sent.push({ timeUs: startUs + n * periodUs, stats })
        for (const frame of sent) add(topic, frame)
        await writer.flush()
        const query = { topic, fromUs: startUs - 1e6, toUs: startUs + 60e6, limit: 1000 }
        const ask = async (of: Partial<EventsQuery> = {}) => eventsOf(store, { ...query, ...of }, () => unknown)
        const hot = await ask()
        expect(told(hot.events)).toEqual(expectedOf(sent, isPdc))
        expect(hot.more).toBe(false)
        const middle = { fromUs: startUs + 3e6, toUs: startUs + 10e6 }
        const within = sent.filter(({ timeUs }) => timeUs >= middle.fromUs && timeUs < middle.toUs)
        expect(told((await ask(middle)).events)).toEqual(expectedOf(within, isPdc))
        await sealer.seal(startUs + 3 * HOUR_US)
        expect(await ask()).toEqual(hot)
        expect(told((await ask(middle)).events)).toEqual(expectedOf(within, isPdc))
        const newest = await ask({ limit: 2 })
        expect(newest.events).toEqual(hot.events.slice(-2))
        expect(newest.more).toBe(hot.events.length > 2)
        const asked = hot.events.filter(({ kind }) => kinds.includes(kind))
        expect(await ask({ kinds })).toEqual({ events: asked, more: false })
        expect(await ask({ kinds, limit: 1 })).toEqual({ events: asked.slice(-1), more: asked.length > 1 })
      }),
      {
        numRuns: 15,
        endOnFailure: true,
        examples: [
          // As many as are asked for in the newest hour, and none in the one before.
          [
            [
              { frames: 400, stats: [0, 0], isThere: true },
              { frames: 83, stats: [0x2000, 0], isThere: true },
            ],
            true,
            ['sync-lost'],
          ],
        ],
      },
    )
    await close()
  })

  it('say what healed, what contradicts and what was completed; and seconds, where frames are gone', async () => {
    const { store, writer, sealer, add, close } = await opened()
    const topic = 'area/secondary-station/1/PMU/1'
    const at = (n: number, stat = 0): Sent => ({ timeUs: startUs + n * periodUs, stats: [stat, 0] })
    for (let n = 0; n < 200; n++)
      add(topic, at(n, n >= 110 && n < 180 ? 0x2000 : 0), n >= 50 && n < 70 ? Kind.late : Kind.live)
    add(topic, at(80, 0x0801), Kind.conflict)
    for (let n = 90; n < 95; n++) add(topic, at(n), Kind.revision)
    await writer.flush()
    const query = { topic, fromUs: startUs - 1e6, toUs: startUs + 60e6, limit: 10 }
    const us = (n: number): number => startUs + n * periodUs
    const expected = [
      { timeUs: us(0), untilUs: null, kind: 'appeared', what: 'first frame' },
      { timeUs: us(50), untilUs: us(70), kind: 'gap', what: 'healed' },
      { timeUs: us(80), untilUs: us(81), kind: 'conflict', what: 'other bytes' },
      { timeUs: us(90), untilUs: us(95), kind: 'revision', what: 'completed' },
      { timeUs: us(110), untilUs: us(180), kind: 'sync-lost', what: 'not synchronised' },
    ]
    const { events } = await eventsOf(store, query, () => unknown)
    expect(events).toMatchObject(expected)
    const only = async (...kinds: EventKind[]) =>
      (await eventsOf(store, { ...query, limit: 2, kinds }, () => unknown)).events.map(({ kind }) => kind)
    expect(await only('gap', 'revision', 'conflict')).toEqual(['conflict', 'revision'])
    expect(await only('appeared')).toEqual(['appeared'])
    await sealer.seal(startUs + 3 * HOUR_US)
    expect((await eventsOf(store, query, () => unknown)).events).toEqual(events)
    await sealer.expire(startUs + 49 * HOUR_US, { frames: 1 })
    const coarse = (await eventsOf(store, query, () => unknown)).events
    expect(coarse.filter(({ kind }) => kind === 'sync-lost')).toMatchObject([
      { timeUs: us(100), untilUs: us(200), what: 'not synchronised' },
    ])
    await close()
  })

  it('tell a PMU absent from the frames of a PDC also by seconds, and what completed them apart', async () => {
    const { store, writer, sealer, add, close } = await opened()
    const topic = 'area/secondary-station/1/PDC/1'
    const us = (n: number): number => startUs + n * periodUs
    for (let n = 0; n < 200; n++) add(topic, { timeUs: us(n), stats: [n >= 60 && n < 160 ? ABSENT_STAT : 0, 0] })
    for (let n = 150; n < 160; n++) add(topic, { timeUs: us(n), stats: [0, 0] }, Kind.revision)
    await writer.flush()
    const query = { topic, fromUs: startUs - 1e6, toUs: startUs + 60e6, limit: 10 }
    const ask = async () => (await eventsOf(store, query, () => unknown)).events.slice(1)
    const absence = { kind: 'absent', what: 'PMU absent from the frame', detail: 'PMU 1, PMU 7 (IDCODE 7)' }
    const expected = [
      { timeUs: us(60), untilUs: us(160), ...absence },
      { timeUs: us(150), untilUs: us(160), kind: 'revision', what: 'completed' },
    ]
    expect(await ask()).toMatchObject(expected)
    await sealer.seal(startUs + 3 * HOUR_US)
    expect(await ask()).toMatchObject(expected)
    await sealer.expire(startUs + 49 * HOUR_US, { frames: 1 })
    expect(await ask()).toMatchObject([{ timeUs: us(50), untilUs: us(200), ...absence }])
    await close()
  })
})
