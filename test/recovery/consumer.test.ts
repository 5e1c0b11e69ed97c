import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { stampFrame } from '../../src/c37118/index.ts'
import type { AbsentVerdict } from '../../src/streams/index.ts'
import { testDeps } from '../support/deps.ts'
import type { TestStream } from '../support/journaled-streams.ts'
import { timeUsOf } from '../support/memory-journal.ts'
import { metricSum } from '../support/metric-sum.ts'
import { configurationFrames } from '../support/stream-frames.ts'
import { until } from '../support/until.ts'
import { HealingLine } from './support/healing-line.ts'

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, n) => from + n)
const timesOf = (stream: TestStream, numbers: readonly number[]): number[] => numbers.map((n) => stream.timeUs(n))
const covering = (stream: TestStream, from: number, to: number, verdict: AbsentVerdict, reason?: string) => ({
  fromUs: stream.timeUs(from),
  toUs: stream.timeUs(to),
  verdict,
  ...(reason === undefined ? {} : { reason }),
})
/** The same frame with another first phasor. */
function altered(frame: Uint8Array): Uint8Array {
  const copy = new Uint8Array(frame)
  copy[16] = copy[16]! ^ 1
  const view = new DataView(copy.buffer)
  stampFrame(copy, { soc: view.getUint32(6), fraction: view.getUint32(10) & 0xffffff })
  return copy
}

describe('a consumer', () => {
  it('gives live frames as they come, and each gap from the journal, with its configuration', async () => {
    await using deps = testDeps()
    const line = await HealingLine.start(deps)
    const stream = line.stream(7).carriedBy('one')
    stream.journaled(0, 1000)
    stream.live(0, 100)
    stream.live(900, 1000)
    await line.sink.until(() => line.sink.got.length === 1000)

    expect(line.sink.times('live')).toEqual(timesOf(stream, [...range(0, 100), ...range(900, 1000)]))
    expect(line.sink.times('late')).toEqual(timesOf(stream, range(100, 900)))
    expect(line.sink.lateFragments.size).toBe(1)
    expect(stream.account).toMatchObject({ expected: 1000, live: 200, late: 800, pending: 0, duplicates: 0 })
  })

  it('gives every timestamp once, whoever publishes it how often, and shows what contradicts', async () => {
    await using deps = testDeps()
    const line = await HealingLine.start(deps)
    const stream = line.stream(7).carriedBy('one').carriedBy('two')
    stream.live(0, 20, 'one')
    stream.live(0, 20, 'two')
    stream.producer('two').data(altered(stream.frame(19)))
    await line.sink.until(() => line.sink.conflicts.length === 1)

    expect(line.sink.times()).toEqual(timesOf(stream, range(0, 20)))
    expect(stream.account).toMatchObject({ expected: 20, live: 20, late: 0, duplicates: 20, conflicts: 1 })
  })

  it('gives frames outside the accounts live, and lets them move nothing', async () => {
    await using deps = testDeps()
    const line = await HealingLine.start(deps)
    const stream = line.stream(7).carriedBy('one')
    stream.live(0, 10)
    const ofAnotherYear = new Uint8Array(stream.frame(0))
    stampFrame(ofAnotherYear, { soc: 1, fraction: 0 })
    stream.producer().data(ofAnotherYear)
    stream.live(10)
    await line.sink.until(() => line.sink.got.length === 12)

    expect(line.sink.times()[10]).toBe(1_000_000)
    expect(stream.account).toMatchObject({ expected: 11, live: 11, pending: 0, outside: { stale: 1 } })
  })

  it('gives frames outside the accounts once, whoever publishes them', async () => {
    await using deps = testDeps()
    const line = await HealingLine.start(deps)
    const stream = line.stream(7).carriedBy('one').carriedBy('two')
    const offSlot = (n: number): Uint8Array => {
      const copy = new Uint8Array(stream.frame(n))
      const timeUs = stream.timeUs(n) + 7000
      stampFrame(copy, { soc: Math.floor(timeUs / 1e6), fraction: timeUs % 1e6 })
      return copy
    }
    for (const n of range(0, 50)) for (const node of ['one', 'two']) stream.producer(node).data(offSlot(n))
    stream.producer('two').data(altered(offSlot(49)))
    await line.sink.until(() => line.sink.conflicts.length === 1)

    expect(line.sink.times()).toEqual(range(0, 50).map((n) => stream.timeUs(n) + 7000))
    expect(stream.account).toMatchObject({ expected: 0, outside: { 'off-slot': 50 }, duplicates: 50, conflicts: 1 })
  })

  it('asks for holes that lie close at once, and gives only what it lacks', async () => {
    await using deps = testDeps()
    const line = await HealingLine.start(deps)
    const stream = line.stream(7).carriedBy('one')
    stream.journaled(0, 500)
    for (const n of range(0, 500)) if (n % 5 !== 3) stream.live(n)
    await line.sink.until(() => line.sink.got.length === 500)

    expect(new Set(line.sink.times()).size).toBe(500)
    expect(line.journal().queries.length).toBeLessThan(20)
    expect(stream.account).toMatchObject({ expected: 500, live: 400, late: 100, duplicates: 0 })
  })

  it('fills oldest gaps first, and all streams in turn', async () => {
    await using deps = testDeps()
    const line = await HealingLine.start(deps, { recovery: { pullBytes: 4096 } })
    const streams = [7, 8, 9].map((idcode) => line.stream(idcode).carriedBy('one'))
    line.sink.room = 0
    for (const stream of streams) {
      stream.journaled(0, 1400)
      for (const n of [0, 600, 700, 1399]) stream.live(n)
    }
    await until(() => streams.every(({ topic }) => line.consumer.accounts().get(topic)?.live === 4))
    line.sink.room = Number.POSITIVE_INFINITY
    await line.sink.until(() => line.sink.got.length === 3 * 1400)

    const late = line.sink.got.filter(({ as }) => as === 'late')
    for (const stream of streams) {
      const times = late.filter((one) => one.stream === stream.topic).map(({ timeUs }) => timeUs)
      expect(times).toEqual(times.toSorted((a, b) => a - b))
    }
    const seenInFirstThird = new Set(late.slice(0, late.length / 3).map(({ stream }) => stream))
    expect(seenInFirstThird.size).toBe(3)
  })

  it('leaves pending what nobody is there to take, and fills it when somebody is', async () => {
    await using deps = testDeps()
    const line = await HealingLine.start(deps)
    const stream = line.stream(7).carriedBy('one')
    stream.journaled(0, 300)
    stream.live(0)
    await line.sink.until(() => line.sink.got.length === 1)
    line.sink.takesLive = false
    line.sink.room = 0
    stream.live(1, 300)
    await until(() => stream.account.pending === 298)
    expect(line.journal().queries).toEqual([])

    line.sink.room = Number.POSITIVE_INFINITY
    line.sink.takesLive = true
    line.consumer.room()
    await line.sink.until(() => line.sink.got.length >= 299)
    expect(line.sink.times().slice(0, 299)).toEqual(timesOf(stream, range(0, 299)))
  })

  it('misses nothing of what nobody has ever taken', async () => {
    await using deps = testDeps()
    const line = await HealingLine.start(deps)
    const stream = line.stream(7).carriedBy('one')
    stream.journaled(0, 300)
    line.sink.takesLive = false
    stream.live(0, 200)
    await until(async () => (await metricSum(deps.metrics, 'phasorbus_reader_frames_total')) === 200)
    expect(stream.account).toMatchObject({ expected: 0, pending: 0 })
    line.sink.takesLive = true
    stream.live(250, 300)
    await line.sink.until(() => line.sink.got.length === 50)
    expect(stream.account).toMatchObject({ expected: 50, live: 50, pending: 0 })
  })

  it('begins again where the one who took late frames left', async () => {
    await using deps = testDeps()
    const line = await HealingLine.start(deps)
    const stream = line.stream(7).carriedBy('one')
    stream.journaled(0, 500)
    let left = 100
    line.sink.takesLate = () => left-- > 0
    stream.live(0)
    stream.live(499)
    await until(() => left < 0)
    left = Number.POSITIVE_INFINITY
    line.consumer.room(stream.topic)
    await line.sink.until(() => line.sink.got.length === 500)
    expect(line.sink.times('late')).toEqual(timesOf(stream, range(1, 499)))
  })

  it('takes back what the sink says did not get there', async () => {
    await using deps = testDeps()
    const line = await HealingLine.start(deps)
    const stream = line.stream(7).carriedBy('one')
    stream.journaled(0, 20)
    line.sink.takesLive = 'kept'
    stream.live(0, 20)
    await until(() => line.consumer.accounts().get(stream.topic)?.live === 20)
    for (const n of [5, 6]) line.consumer.release(stream.topic, stream.timeUs(n), 'live')
    await line.sink.until(() => line.sink.got.length === 2)
    expect(line.sink.times('late')).toEqual(timesOf(stream, [5, 6]))
    expect(stream.account).toMatchObject({ expected: 20, live: 18, late: 2 })
  })

  it('counts as lost what the sink will never take, for the reason it gives', async () => {
    await using deps = testDeps()
    const line = await HealingLine.start(deps)
    const stream = line.stream(7).carriedBy('one')
    stream.journaled(0, 100)
    line.sink.takesLate = (frame) => timeUsOf(frame) < stream.timeUs(50) || 'other-configuration'
    stream.live(0)
    stream.live(99)
    await until(() => stream.account.pending === 0 && stream.account.expected === 100)
    expect(stream.account).toMatchObject({ live: 2, late: 49, lost: { 'other-configuration': 49 } })
  })

  it('reads late frames with their own configuration, where the PMU had another', async () => {
    await using deps = testDeps()
    const line = await HealingLine.start(deps)
    const stream = line.stream(7).carriedBy('one')
    const before = line.stream(7, { phasors: 5 })
    stream.journaled(0, 100)
    line
      .journal()
      .add(stream.topic, ...configurationFrames(before.configuration), ...range(100, 200).map((n) => before.frame(n)))
    stream.journaled(200, 300)
    stream.live(0, 50)
    stream.live(299)
    await line.sink.until(() => line.sink.got.length === 300)
    expect(line.sink.lateFragments.size).toBe(2)
    expect(stream.account).toMatchObject({ expected: 300, live: 51, late: 249 })
  })

  it('fills a time at another frame rate, that it knew nothing of', async () => {
    await using deps = testDeps()
    const line = await HealingLine.start(deps)
    const stream = line.stream(7).carriedBy('one')
    const slower = line.stream(7, { dataRate: 10 })
    stream.journaled(0, 100)
    line
      .journal()
      .add(stream.topic, ...configurationFrames(slower.configuration), ...range(20, 40).map((n) => slower.frame(n)))
    stream.journaled(200, 300)
    stream.live(0, 100)
    stream.live(299)
    await line.sink.until(() => line.sink.got.length === 100 + 20 + 100)
    expect(stream.account).toMatchObject({ live: 101, late: 119 })
  })

  it('gives up at once with recovery none', async () => {
    await using deps = testDeps()
    const line = await HealingLine.start(deps, { recovery: { mode: 'none' } })
    const stream = line.stream(7).carriedBy('one')
    stream.journaled(0, 100)
    stream.live(0, 10)
    stream.live(90, 100)
    await until(() => stream.account.lost['no-recovery'] === 80)
    expect(stream.account).toMatchObject({ expected: 100, live: 20, late: 0, pending: 0 })
    expect(line.journal().queries).toEqual([])
  })

  it('closes slots by the clock while a stream is silent', async () => {
    await using deps = testDeps()
    const line = await HealingLine.start(deps, { recovery: { mode: 'none', closeAfterMs: 50 } })
    const stream = line.stream(7, { secondsAgo: 1 }).carriedBy('one')
    stream.live(0, 50)
    await until(() => (line.consumer.accounts().get(stream.topic)?.expected ?? 0) > 55)
    expect(stream.account.live).toBe(50)
  })
})

describe('a stream that is retired on the bus', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'phasorbus-retired-'))
  })
  afterAll(() => rm(folder, { recursive: true }))

  it('has nothing expected of it until it comes again, unlike one that is silent', async () => {
    await using deps = testDeps()
    const line = await HealingLine.start(deps, {
      recovery: { mode: 'none', closeAfterMs: 50 },
      heldPath: join(folder, 'held'),
    })
    const stream = line.stream(7, { secondsAgo: 1 }).carriedBy('one')
    const silent = line.stream(8, { secondsAgo: 1 }).carriedBy('one')
    for (const one of [stream, silent]) one.live(0, 50)
    const expected = ({ topic }: TestStream): number => line.consumer.accounts().get(topic)?.expected ?? 0
    await until(() => expected(stream) > 55 && expected(silent) > 55)

    stream.producer().retire()
    await until(() => !line.consumer.accounts().has(stream.topic))
    const stood = line.held!.ledger(stream.topic).account()
    const went = silent.account.expected
    await until(() => silent.account.expected > went + 100)
    expect(line.held!.ledger(stream.topic).account()).toEqual(stood)
    expect(await metricSum(deps.metrics, 'phasorbus_account_expected', { stream: stream.topic })).toBe(0)

    stream.carriedBy('one')
    const from = Math.floor((Date.now() * 1000 - stream.timeUs(0)) / 20_000)
    stream.live(from, from + 10)
    await until(() => line.consumer.accounts().get(stream.topic)?.live === 60)
    // Not the time between, of which the other is missed in every slot.
    expect(stream.account.expected - stood.expected).toBeLessThan(silent.account.expected - went - 50)
  })
})

describe('what a journal says of a time without frames', () => {
  it('is believed when the range is complete', async () => {
    await using deps = testDeps()
    const line = await HealingLine.start(deps)
    const stream = line.stream(7).carriedBy('one')
    stream.journaled(0, 50)
    stream.journaled(400, 500)
    line.journal().absent = [
      covering(stream, 50, 100, 'never-produced'),
      covering(stream, 100, 200, 'not-received', 'connect-failed'),
      covering(stream, 200, 300, 'lost', 'crash-window'),
      covering(stream, 300, 400, 'expired'),
    ]
    stream.live(0)
    stream.live(499)
    await until(() => stream.account.pending === 0 && stream.account.expected === 500)
    expect(stream.account).toMatchObject({
      live: 2,
      late: 148,
      neverProduced: 50,
      notReceived: { 'connect-failed': 100 },
      lost: { 'crash-window': 100, expired: 100 },
    })
  })

  it('is weighed against what others say, and frames of any of them come first', async () => {
    await using deps = testDeps()
    const line = await HealingLine.start(deps)
    const stream = line.stream(7).carriedBy('one').carriedBy('two')
    stream.journaled(0, 200, 'one')
    stream.journaled(150, 300, 'two')
    line.journal('one').absent = [covering(stream, 0, 500, 'not-received', 'adapter-down')]
    line.journal('two').absent = [
      covering(stream, 0, 400, 'never-produced'),
      covering(stream, 400, 500, 'lost', 'write-failed'),
    ]
    stream.live(0)
    stream.live(499)
    await until(() => stream.account.pending === 0 && stream.account.expected === 500)
    expect(stream.account).toMatchObject({
      live: 2,
      late: 299,
      neverProduced: 100,
      notReceived: {},
      lost: { 'write-failed': 99 },
      duplicates: 0,
    })
  })

  it('is not believed while another, that may have the frames, does not answer', async () => {
    await using deps = testDeps()
    const line = await HealingLine.start(deps)
    // Two is known by its state only; nobody answers there yet.
    const stream = line.stream(7).carriedBy('one').carriedBy('two')
    stream.journaled(0, 50, 'one')
    line.journal('one').absent = [covering(stream, 0, 100, 'not-received', 'adapter-down')]
    stream.live(0, 10)
    stream.live(99)
    await line.sink.until(() => line.sink.got.length === 51)
    expect(stream.account).toMatchObject({ expected: 100, live: 11, late: 40, pending: 49, notReceived: {} })

    stream.journaled(50, 80, 'two')
    line.journal('two').absent = [covering(stream, 0, 100, 'not-received', 'adapter-down')]
    await until(() => stream.account.pending === 0)
    expect(stream.account).toMatchObject({ late: 70, notReceived: { 'adapter-down': 19 } })
  }, 30_000)

  it('is believed until another journal is heard of, that has the frames', async () => {
    await using deps = testDeps()
    const line = await HealingLine.start(deps)
    const stream = line.stream(7).carriedBy('one').carriedBy('two', { hasJournal: false })
    stream.journaled(0, 50, 'one')
    line.journal('one').absent = [covering(stream, 50, 99, 'not-received', 'adapter-down')]
    stream.live(0, 10)
    stream.live(99)
    await until(() => line.consumer.accounts().get(stream.topic)?.notReceived['adapter-down'] === 49)
    stream.journaled(50, 99, 'two')
    stream.producer('two').journal({ fromUs: stream.timeUs(0), toUs: stream.timeUs(99) })
    await line.sink.until(() => line.sink.got.length === 100)
    expect(stream.account).toMatchObject({ expected: 100, live: 11, late: 89, notReceived: {}, pending: 0 })
  })

  it('is asked for again where it says that it does not know yet', async () => {
    await using deps = testDeps()
    const line = await HealingLine.start(deps)
    const stream = line.stream(7).carriedBy('one')
    stream.journaled(0, 50)
    stream.live(0)
    stream.live(99)
    // It has nothing to say of 50 to 98 until it is told.
    await line.sink.until(() => line.sink.got.length === 51)
    await until(() => line.journal().queries.length >= 2)
    expect(stream.account.pending).toBe(49)
    line.journal().absent = [covering(stream, 50, 99, 'never-produced')]
    await until(() => stream.account.pending === 0)
    expect(stream.account).toMatchObject({ late: 49, neverProduced: 49 })
  })
})

describe('pulls', () => {
  it('are made again when the connection was lost', async () => {
    await using deps = testDeps()
    const line = await HealingLine.start(deps)
    const stream = line.stream(7).carriedBy('one')
    stream.journaled(0, 2000)
    line.journal().before = () => Promise.reject(new Error('disk on fire'))
    stream.live(0)
    stream.live(1400)
    await until(async () => (await metricSum(deps.metrics, 'phasorbus_recovery_failed_pulls_total')) >= 1)
    line.journal().before = () => Promise.resolve()
    await line.sink.until(() => line.sink.got.length === 1401)
    expect(stream.account).toMatchObject({ expected: 1401, late: 1399, pending: 0 })
  })

  it('of a node that does not answer keep no other waiting', async () => {
    await using deps = testDeps()
    const line = await HealingLine.start(deps)
    const silent = [1, 2, 3, 4, 5, 6].map((idcode) => line.stream(idcode).carriedBy('silent'))
    const stream = line.stream(7).carriedBy('one')
    stream.journaled(0, 1000)
    for (const one of [...silent, stream]) {
      one.live(0, 1, one === stream ? 'one' : 'silent')
      one.live(999, 1000, one === stream ? 'one' : 'silent')
    }
    const beganMs = performance.now()
    await line.sink.until(() => line.sink.times('late').length === 998)
    expect(performance.now() - beganMs).toBeLessThan(2500)
    // The next of its streams was not asked for in vain, too.
    expect(await metricSum(deps.metrics, 'phasorbus_recovery_pulls_total')).toBeLessThan(40)
  })

  it('are made again at once when the node that was away is heard of', async () => {
    await using deps = testDeps()
    const line = await HealingLine.start(deps, { pullTimeoutMs: 3000 })
    const stream = line.stream(7).carriedBy('one')
    stream.live(0)
    stream.live(99)
    await until(async () => (await metricSum(deps.metrics, 'phasorbus_recovery_pulls_total')) === 1)
    await until(async () => (await metricSum(deps.metrics, 'phasorbus_recovery_failed_pulls_total')) === 1)
    await until(async () => (await metricSum(deps.metrics, 'phasorbus_recovery_pulls_total')) === 2)
    stream.journaled(0, 100)
    const backMs = performance.now()
    // A second after it was asked in vain, and not when that request is given up.
    await until(() => {
      stream.producer().state({ online: true, rate: 50 })
      return line.sink.got.length === 100
    })
    expect(performance.now() - backMs).toBeLessThan(2500)
  })

  it('are heard by a new subscription when nothing comes by the one there is', async () => {
    await using deps = testDeps()
    const line = await HealingLine.start(deps, { pullTimeoutMs: 300 })
    const stream = line.stream(7).carriedBy('one')
    const tokens = new Set<string>()
    line.streams.bus('watch').subscribe('area/secondary-station/1/PMU/7/replay/one', (_topic, payload) => {
      tokens.add(JSON.parse(Buffer.from(payload).toString()).id)
    })
    stream.live(0)
    stream.live(99)
    await until(async () => (await metricSum(deps.metrics, 'phasorbus_recovery_failed_pulls_total')) === 2)
    stream.journaled(0, 100)
    await line.sink.until(() => line.sink.got.length === 100)
    expect(tokens.size).toBe(2)
  })

  it('let the event loop go on: what they bring is given in slices', async () => {
    await using deps = testDeps()
    // Frame 0 is a minute old by the time it is published: it shall not count as stale for that.
    const recovery = { pullBytes: 1_048_576, staleAfterMs: 600_000 }
    const line = await HealingLine.start(deps, { recovery })
    const stream = line.stream(7, { secondsAgo: 59, dataRate: 120 }).carriedBy('one')
    stream.journaled(0, 7000)
    let turns = 0
    let gives = 0
    // Work of a sink that stores: 20 µs a frame.
    line.sink.takesLate = () => {
      gives++
      for (const untilMs = performance.now() + 0.02; performance.now() < untilMs; );
      return true
    }
    const counting = setImmediate(function again(): void {
      if (gives > 0 && gives < 6900) turns++
      if (gives < 6900) setImmediate(again)
    })
    stream.live(0)
    stream.live(6999)
    await line.sink.until(() => line.sink.got.length === 7000)
    clearImmediate(counting)
    // 7,000 frames of 20 µs are 140 ms: more than a hundred turns of the loop lie between.
    expect(turns).toBeGreaterThan(100)
  }, 20_000)
})
