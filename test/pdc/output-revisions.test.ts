import { describe, expect, it } from 'vitest'
import {
  type Configuration,
  compileDecoder,
  compileEncoder,
  decodeConfiguration,
  fractionOf,
  socOf,
} from '../../src/c37118/index.ts'
import type { JournalPage } from '../../src/journal/index.ts'
import { aggregateOf } from '../../src/pdc/aggregate.ts'
import { Generation } from '../../src/pdc/generation.ts'
import { membersOf } from '../../src/pdc/members.ts'
import { OutputRevisions } from '../../src/pdc/output-revisions.ts'
import { type AboutInput, PdcOutput } from '../../src/pdc/pdc-output.ts'
import { type RevisedRange, SlotGrid } from '../../src/streams/index.ts'
import { type TestDeps, testDeps } from '../support/deps.ts'
import { until } from '../support/until.ts'
import { configurationOf } from './configurations.ts'
import { settings } from './played.ts'

const S = 1_000_000
const startUs = 1_700_000_000 * S
const now = (us: number) => ({ utcUs: startUs + us, monotonicUs: us })
const configurations = new Map(['a', 'b'].map((name, n) => [name, configurationOf([{ idcode: n + 1 }])]))

function frameOf(configuration: Configuration, us: number, value: number): Uint8Array {
  const encoder = compileEncoder(configuration)
  const columns = encoder.createColumns()
  columns.soc = Math.floor((startUs + us) / S)
  columns.fraction = (startUs + us) % S
  columns.analogs.fill(value)
  return encoder.encode(columns)
}

/** A journal in memory: what was said, and what completes it. */
function ways() {
  const said: Uint8Array[] = []
  const completed: Uint8Array[] = []
  const announced: (readonly RevisedRange[])[] = []
  const page = (frames: readonly Uint8Array[]): JournalPage => ({ frames, cursor: undefined, throughUs: 0, absent: [] })
  return {
    said,
    completed,
    announced,
    ways: {
      journal: {
        sessionBegan() {},
        sessionEnded() {},
        unusable() {},
        span: undefined,
        configuration: () => {},
        data: (frame: Uint8Array) => void completed.push(frame),
      },
      readers: () => [{ span: undefined, read: async () => page(said) }],
      before: [],
      announce: (ranges: readonly RevisedRange[]) => void announced.push(ranges),
    },
  }
}

describe('what comes after its instant has gone', () => {
  it('live, completes the frame that was said: nobody has to ask for it', async () => {
    await using deps = testDeps()
    const line = ways()
    const output = new PdcOutput(
      { ...settings, wait: 'absolute', waitUs: 20_000 },
      {
        ...deps,
        sink: {
          configuration: ({ inForce }) => line.said.push(...inForce),
          data: (frame) => line.said.push(frame),
          revisions: line.ways,
        },
      },
    )
    const [a, b] = [...configurations].map(([name, one]) => output.input(name, one, {}, now(0))!)
    output.tick(now(1))
    const late = frameOf(configurations.get('b')!, 0, 7)
    output.frame(a!, frameOf(configurations.get('a')!, 0, 5), now(3000))
    output.tick(now(25_000))
    expect(line.said).toHaveLength(2)
    expect(output.frame(b!, late, now(30_000))).toBe(true)
    await until(() => line.completed.length === 1)
    const [frame] = line.completed
    const { pmus } = compileDecoder(decodeConfiguration([line.said[0]!])).decode(frame!)
    expect(pmus.map(({ analogs }) => analogs[0])).toEqual([5, 7])
    expect([socOf(frame!), fractionOf(frame!)]).toEqual([1_700_000_000, 0])
    expect(line.announced.at(-1)).toMatchObject([{ from_us: startUs, to_us: startUs + 1 }])
    output.close()
  })

  it('keeps an instant from being final: as long as an input may have more of it, or it is not completed', async () => {
    await using deps = testDeps()
    const line = ways()
    let finals: (string | null)[] = []
    /** As the consumer says of streams; undefined of a device. */
    const known = new Map<string, AboutInput>()
    const output = new PdcOutput(
      { ...settings, wait: 'absolute', waitUs: 20_000 },
      {
        ...deps,
        about: (name) => known.get(name)!,
        sink: {
          configuration: ({ inForce }) => line.said.push(...inForce),
          data: (frame) => line.said.push(frame),
          figures: ({ final }) => finals.push(final),
          revisions: line.ways,
        },
      },
    )
    const iso = (us: number): string => new Date((startUs + us) / 1000).toISOString()
    const finalOf = (a: AboutInput, b: AboutInput): string | null => {
      known.set('a', a).set('b', b)
      finals = []
      output.tell()
      return finals[0]!
    }
    const [a, b] = [...configurations].map(([name, one]) => output.input(name, one, {}, now(0))!)
    output.tick(now(1))
    expect(finalOf({ finalUs: startUs, newestUs: 0 }, { finalUs: startUs, newestUs: 0 })).toBeNull()
    for (let n = 0; n < 100; n++)
      output.frame(a!, frameOf(configurations.get('a')!, n * 20_000, 5), now(n * 20_000 + 3000))
    output.tick(now(3 * S))
    const late = { finalUs: startUs + 5 * S, newestUs: 0 }
    expect(finalOf(late, late)).toBe(iso(3 * S))
    expect(finalOf({ ...late, finalUs: startUs + S }, late)).toBe(iso(S))
    expect(finalOf({ ...late, finalUs: Number.NEGATIVE_INFINITY }, late)).toBeNull()
    // A device: what comes late is newer than what came.
    expect(finalOf(late, { finalUs: undefined, newestUs: startUs + 2 * S })).toBe(iso(2 * S))
    expect(finalOf(late, { finalUs: undefined, newestUs: Number.NEGATIVE_INFINITY })).toBe(
      iso(3 * S - settings.staleUs),
    )
    output.frame(b!, frameOf(configurations.get('b')!, 40_000, 7), now(3 * S))
    expect(finalOf(late, late)).toBe(iso(40_000))
    await until(() => line.completed.length === 1)
    await until(() => finalOf(late, late) !== iso(40_000))
    output.close()
  })

  const parts = (deps: TestDeps, maxParts: number) => {
    const line = ways()
    const members = [...configurations].flatMap(([name, one]) => membersOf(name, one))
    const aggregate = aggregateOf(
      members.map(({ pmu }) => pmu),
      settings,
      { soc: 1_700_000_000, fraction: 0 },
    )
    const inputs = new Map(
      [...configurations].map(([name, configuration]) => [name, { configuration, isRated: false }]),
    )
    const generation = new Generation(aggregate, members, inputs)
    let room = 0
    const revisions = new OutputRevisions(line.ways, {
      ...deps,
      output: 'one',
      grid: SlotGrid.of(settings)!,
      maxParts,
      hasGone: () => true,
      room: () => void room++,
    })
    const first = SlotGrid.of(settings)!.slotNear(startUs)
    const add = (n: number, name = 'a', done = () => {}): void => {
      const configuration = configurations.get(name)!
      revisions.add(first + n, generation, {
        name,
        configuration,
        content: frameOf(configuration, n * 20_000, n),
        bits: 0,
        done,
      })
    }
    return { ...line, revisions, add, rooms: () => room }
  }

  it('waits for others of its instant, and is done when it is in the journal', async () => {
    await using deps = testDeps()
    const { revisions, add, completed } = parts(deps, 1000)
    let done = 0
    for (const name of ['a', 'b']) for (let n = 0; n < 10; n++) add(n, name, () => void done++)
    expect([completed.length, done]).toEqual([0, 0])
    await until(() => done === 20)
    // One frame for each instant, of both.
    expect(completed).toHaveLength(10)
    revisions.close()
  })

  it('has a bound, and who was told that there is no room is told when there is', async () => {
    await using deps = testDeps()
    const { revisions, add, completed, rooms } = parts(deps, 100)
    for (let n = 0; n < 100; n++) add(n)
    expect([revisions.room, rooms()]).toEqual([0, 0])
    await until(() => rooms() === 1)
    expect(completed).toHaveLength(100)
    expect(revisions.room).toBe(100)
    revisions.close()
  })

  it('is told of in 64 ranges at most, the oldest joined: who is far behind asks for all of it', async () => {
    await using deps = testDeps()
    const { revisions, add, announced } = parts(deps, 100_000)
    for (let round = 0; round < 70; round++) {
      add(1000 * round)
      add(1000 * round + 1)
    }
    await until(() => announced.length === 70)
    const ranges = announced.at(-1)!
    expect(ranges).toHaveLength(64)
    expect(ranges[0]).toMatchObject({ from_us: startUs })
    expect(new Set(ranges.map(({ number }) => number)).size).toBe(64)
    expect(ranges.map(({ number }) => number)).toEqual(ranges.map(({ number }) => number).toSorted((x, y) => x - y))
    revisions.close()
  }, 20_000)
})
