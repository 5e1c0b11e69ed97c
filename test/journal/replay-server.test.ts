import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { startReplayServer } from '../../src/journal/index.ts'
import {
  encodeReplayRequest,
  framesOfParts,
  parseReplayEnd,
  type ReplayEnd,
  type ReplayRefused,
  type ReplayRequest,
  replayTopic,
  replyFilter,
  replyOf,
} from '../../src/streams/index.ts'
import { testDeps } from '../support/deps.ts'
import { MemoryBroker, type MemoryBus } from '../support/memory-bus.ts'
import { MemoryJournal, timeUsOf } from '../support/memory-journal.ts'
import { metricSum } from '../support/metric-sum.ts'
import { configurationFrames, frameWriter, smallPmu } from '../support/stream-frames.ts'
import { until } from '../support/until.ts'

const stream = 'area/secondary-station/1156/PMU/765'
const node = { area: 'area', locationType: 'secondary-station', locationId: '1156', nodeId: 'node' }
const configuration = smallPmu()
const cfg2 = configurationFrames(configuration)[0]!
const frame = frameWriter(configuration)
const beginUs = configuration.soc * 1_000_000
const hour = { fromUs: beginUs, toUs: beginUs + 3_600_000_000, maxBytes: 65_536 }

describe('the replay server', () => {
  it('answers in parts of at most 16 KiB, and says what they add up to', async () => {
    await using it = serve()
    const frames = Array.from({ length: 1000 }, (_, n) => frame(n))
    it.journal.add(stream, cfg2, ...frames)
    it.journal.absent = [{ fromUs: 1, toUs: 2, verdict: 'never-produced' }]
    const { end, parts, got } = await it.ask({ ...hour, id: 'x', sequence: 1 })
    expect(got.map(hex)).toEqual([cfg2, ...frames].map(hex))
    expect(parts.every(({ length }) => length <= 16_384)).toBe(true)
    expect(end).toEqual({
      stream,
      parts: parts.length,
      bytes: cfg2.length + 1000 * frame(0).length,
      frames: 1001,
      cursor: undefined,
      throughUs: hour.toUs,
      absent: it.journal.absent,
    })
    expect(await it.sum('phasorbus_replay_served_requests_total')).toBe(1)
    expect(await it.sum('phasorbus_replay_served_frames_total')).toBe(1001)
    expect(await it.sum('phasorbus_replay_served_bytes_total')).toBe((end as ReplayEnd).bytes)
  })

  it('gives at most what is asked for, and a cursor to go on with', async () => {
    await using it = serve()
    it.journal.add(stream, cfg2, ...Array.from({ length: 100 }, (_, n) => frame(n)))
    const seen: number[] = []
    let cursor: string | undefined
    let sequence = 0
    do {
      const { end, got } = await it.ask({
        ...hour,
        maxBytes: 1000,
        ...(cursor && { cursor }),
        id: 'x',
        sequence: sequence++,
      })
      expect(got[0]).toEqual(cfg2)
      seen.push(...got.slice(1).map(timeUsOf))
      cursor = (end as ReplayEnd).cursor
    } while (cursor !== undefined)
    expect(seen).toEqual(Array.from({ length: 100 }, (_, n) => timeUsOf(frame(n))))
    expect(sequence).toBeGreaterThan(3)
  })

  it('asks the journal for no more than a moment’s share of its pace', async () => {
    await using it = serve({ bytesPerS: 200_000 })
    it.journal.add(stream, cfg2, frame(0))
    await it.ask({ ...hour, maxBytes: 1_000_000, id: 'x', sequence: 1 })
    expect(it.journal.queries[0]!.maxBytes).toBe(50_000)
  })

  it('answers over the broker that was asked', async () => {
    const [site, pop] = [new MemoryBroker(), new MemoryBroker()]
    await using it = serve({ brokers: [site, pop] })
    it.journal.add(stream, cfg2, frame(0))
    const answered = new Promise<string>((resolve) => {
      pop.connect().subscribe(replyFilter('area', 'x'), (topic) => {
        if (topic.endsWith('/end')) resolve(topic)
      })
    })
    pop
      .connect()
      .publish(replayTopic(stream, 'node'), encodeReplayRequest({ ...hour, id: 'x', sequence: 3 }), { qos: 1 })
    expect(await answered).toBe('area/reply/node/x/3/end')
    expect(site.published).toEqual([])
  })

  describe('refuses', () => {
    it.each([
      ['another contract', { contract: 2 }, 'bad-contract'],
      ['a range reversed', { from_us: hour.toUs, to_us: hour.fromUs }, 'bad-request'],
      ['a foreign cursor', { cursor: 'of-another' }, 'bad-cursor'],
    ])('%s, in words', async (_case, change, code) => {
      await using it = serve()
      it.journal.add(stream, cfg2, frame(0))
      const { end } = await it.askRaw(replayTopic(stream, 'node'), raw(change))
      expect(end).toEqual({ refused: code, message: expect.stringMatching(/./) })
      expect(await it.refused(code)).toBe(1)
    })

    it('a stream that it does not have, or must not show', async () => {
      await using it = serve({ streams: [stream, 'area/secondary-station/1156/PMU/none'] })
      it.journal.add(stream, cfg2, frame(0))
      it.journal.add('area/secondary-station/1156/PMU/secret', cfg2, frame(0))
      for (const id of ['none', 'secret']) {
        const topic = replayTopic(`area/secondary-station/1156/PMU/${id}`, 'node')
        expect((await it.askRaw(topic, raw({}))).end).toMatchObject({ refused: 'unknown-stream' })
      }
      expect(it.journal.queries).toEqual([])
    })

    it('when its journal fails, and goes on', async () => {
      await using it = serve()
      it.journal.add(stream, cfg2, frame(0))
      it.journal.before = () => Promise.reject(new Error('EIO'))
      expect((await it.ask({ ...hour, id: 'x', sequence: 1 })).end).toMatchObject({ refused: 'failed' })
      it.journal.before = () => Promise.resolve()
      expect((await it.ask({ ...hour, id: 'x', sequence: 2 })).got).toHaveLength(2)
    })

    it('what is more than may wait, and answers what waits', async () => {
      await using it = serve()
      it.journal.add(stream, cfg2, frame(0))
      const gate = it.hold()
      const asked = Array.from({ length: 20 }, (_, n) => it.ask({ ...hour, id: 'greedy', sequence: n }))
      await it.until(async () => (await it.refused('busy')) === 3)
      // Of twenty one is being read, sixteen wait.
      expect(await it.sum('phasorbus_replay_waiting')).toBe(16)
      gate.open()
      const ends = (await Promise.all(asked)).map(({ end }) => ('refused' in end ? end.refused : 'answered'))
      expect(ends.filter((end) => end === 'answered')).toHaveLength(17)
      expect(ends.slice(17)).toEqual(['busy', 'busy', 'busy'])
      expect(await it.sum('phasorbus_replay_waiting')).toBe(0)
    })

    it('in silence what has nowhere to be answered, what a broker kept, and what comes in a flood', async () => {
      await using it = serve()
      it.journal.add(stream, cfg2, frame(0))
      const topic = replayTopic(stream, 'node')
      const deliver = (payload: Uint8Array, retained = false) => it.broker.deliver({ topic, payload }, retained)
      deliver(raw({ id: 'a/b' }))
      deliver(new Uint8Array(5000))
      deliver(raw({}), true)
      await it.until(async () => (await it.refused('unreadable')) === 2)
      expect(await it.refused('retained')).toBe(1)
      const beganMs = performance.now()
      for (let n = 0; n < 1000; n++) deliver(raw({ contract: 7, sequence: n }))
      expect(await it.refused('overrun')).toBe(1000 - 256)
      await it.until(async () => (await it.refused('bad-contract')) === 256)
      const answers = it.broker.published.filter(({ topic: each }) => each.startsWith('area/reply/'))
      // 200 a second: a second's worth, and what came due meanwhile; one to `{}` before.
      expect(answers.length).toBeLessThanOrEqual(202 + 0.2 * (performance.now() - beganMs))
      expect(answers.every(({ topic: each }) => replyOf(each)?.nodeId === 'node')).toBe(true)
    })
  })

  it('answers a request once that comes twice, and again when it is asked again', async () => {
    await using it = serve()
    it.journal.add(stream, cfg2, frame(0))
    const gate = it.hold()
    const first = it.ask({ ...hour, id: 'x', sequence: 1 })
    await it.until(() => it.journal.queries.length === 1)
    const topic = replayTopic(stream, 'node')
    const again = encodeReplayRequest({ ...hour, id: 'x', sequence: 2 })
    for (let n = 0; n < 2; n++) it.broker.deliver({ topic, payload: again })
    await it.until(async () => (await it.refused('repeated')) === 1)
    gate.open()
    const { got } = await first
    await it.until(() => it.ends('x', 2) === 1)
    expect((await it.ask({ ...hour, id: 'x', sequence: 1 })).got.map(hex)).toEqual(got.map(hex))
    expect(it.journal.queries).toHaveLength(3)
  })

  it('gives everyone a turn, however much one asks', async () => {
    await using it = serve()
    it.journal.add(stream, cfg2, frame(0))
    const gate = it.hold()
    const order: string[] = []
    const ask = async (id: string, sequence: number) => {
      await it.ask({ ...hour, id, sequence })
      order.push(id)
    }
    const greedy = Array.from({ length: 10 }, (_, n) => ask('greedy', n))
    await it.until(() => it.journal.queries.length === 1)
    const polite = ask('polite', 0)
    await it.until(async () => (await it.sum('phasorbus_replay_waiting')) === 10)
    gate.open()
    await Promise.all([...greedy, polite])
    expect(order.indexOf('polite')).toBeLessThanOrEqual(2)
  })

  it('reads one page at a time, over all brokers', async () => {
    const brokers = [new MemoryBroker(), new MemoryBroker()]
    await using it = serve({ brokers })
    it.journal.add(stream, cfg2, frame(0))
    let [reading, most] = [0, 0]
    it.journal.before = async () => {
      most = Math.max(most, ++reading)
      await nextTurn()
      reading--
    }
    const payload = (n: number) => encodeReplayRequest({ ...hour, id: 'x', sequence: n })
    for (let n = 0; n < 10; n++)
      for (const each of brokers) each.deliver({ topic: replayTopic(stream, 'node'), payload: payload(n) })
    await it.until(() => it.journal.queries.length === 20 && reading === 0)
    expect(most).toBe(1)
  })

  it('keeps to its pace', async () => {
    await using it = serve({ bytesPerS: 1_000_000 })
    it.journal.add(stream, cfg2, ...Array.from({ length: 4000 }, (_, n) => frame(n)))
    const since = performance.now()
    let bytes = 0
    for (let n = 0; n < 2; n++) {
      const { end } = await it.ask({ ...hour, maxBytes: 150_000, id: 'x', sequence: n })
      bytes += (end as ReplayEnd).bytes
    }
    expect(bytes).toBeGreaterThan(200_000)
    // All but what a moment of rest had saved up, and the last part.
    expect(performance.now() - since).toBeGreaterThan((bytes - 3 * 16_384) / 1000)
  })

  describe('holds to the broker’s pace', () => {
    const large = async (it: Served) => {
      it.journal.add(stream, cfg2, ...Array.from({ length: 4000 }, (_, n) => frame(n)))
      it.broker.deliver({
        topic: replayTopic(stream, 'node'),
        payload: encodeReplayRequest({ ...hour, maxBytes: 1_000_000, id: 'x', sequence: 1 }),
      })
    }
    const sent = (it: Served) => it.broker.published.filter(({ topic }) => replyOf(topic)?.id === 'x')

    it('with no more than 64 KiB on their way', async () => {
      await using it = serve()
      it.bus.acknowledges = false
      await large(it)
      await it.until(() => sent(it).length === 4)
      for (let turn = 0; turn < 50; turn++) await nextTurn()
      expect(sent(it)).toHaveLength(4)
      it.bus.acknowledges = true
      it.bus.acknowledge()
      await it.until(() => it.ends('x', 1) === 1)
    })

    it('and waits while it takes nothing', async () => {
      await using it = serve()
      it.bus.takes = false
      await large(it)
      await it.until(() => it.journal.queries.length === 1)
      it.bus.takes = true
      await it.until(() => it.ends('x', 1) === 1)
    })

    it('and breaks off when the connection is lost, for the consumer to ask again', async () => {
      await using it = serve()
      it.bus.acknowledges = false
      await large(it)
      await it.until(() => sent(it).length === 4)
      it.bus.lose()
      await it.until(async () => (await it.sum('phasorbus_replay_abandoned_total')) === 1)
      it.bus.restore()
      it.bus.acknowledges = true
      const { got } = await it.ask({ ...hour, id: 'x', sequence: 2 })
      expect(got.length).toBeGreaterThan(100)
      expect(it.ends('x', 1)).toBe(0)
    })
  })

  it('ends with its signal, also in the midst of an answer', async () => {
    const it = serve({ bytesPerS: 16_384 })
    it.journal.add(stream, cfg2, ...Array.from({ length: 4000 }, (_, n) => frame(n)))
    it.broker.deliver({
      topic: replayTopic(stream, 'node'),
      payload: encodeReplayRequest({ ...hour, maxBytes: 1_000_000, id: 'x', sequence: 1 }),
    })
    await it.until(() => it.broker.published.length > 1)
    await it[Symbol.asyncDispose]()
    expect(it.bus.filters).toEqual([])
  })
})

const onWire = { contract: 1, id: 'x', sequence: 1, from_us: hour.fromUs, to_us: hour.toUs }
const raw = (change: object): Uint8Array => new TextEncoder().encode(JSON.stringify({ ...onWire, ...change }))
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

interface ServeOptions {
  readonly bytesPerS?: number
  readonly streams?: readonly string[]
  readonly brokers?: readonly MemoryBroker[]
}

type Served = ReturnType<typeof serve>

function serve({ bytesPerS = 1e9, streams, brokers = [new MemoryBroker()] }: ServeOptions = {}) {
  const deps = testDeps()
  const journal = new MemoryJournal()
  const buses = brokers.map((each) => each.connect())
  const [broker, bus] = [brokers[0]!, buses[0]!]
  const config = { node, bytesPerS, ...(streams && { streams }) }
  deps.stops(startReplayServer(config, { ...deps, buses, journal }))
  const client = broker.connect()

  /** What comes for a request, up to its end. */
  const askRaw = (topic: string, payload: Uint8Array) =>
    new Promise<{ end: ReplayEnd | ReplayRefused; parts: Uint8Array[]; got: Uint8Array[] }>((resolve) => {
      const { id, sequence } = JSON.parse(new TextDecoder().decode(payload))
      const parts: Uint8Array[] = []
      const subscription = client.subscribe(replyFilter('area', id), (reply, part) => {
        const meaning = replyOf(reply)
        if (meaning?.sequence !== sequence) return
        if (meaning!.part !== 'end') parts[meaning!.part] = part
        else {
          subscription.close()
          resolve({ end: parseReplayEnd(part), parts, got: framesOfParts(parts) })
        }
      })
      broker.deliver({ topic, payload })
    })

  return {
    journal,
    broker,
    bus: bus as MemoryBus,
    askRaw,
    ask: (request: ReplayRequest) => askRaw(replayTopic(stream, 'node'), encodeReplayRequest(request)),
    sum: (name: string) => metricSum(deps.metrics, name),
    refused: (reason: string) => metricSum(deps.metrics, 'phasorbus_replay_refused_total', { reason }),
    ends: (id: string, sequence: number) =>
      broker.published.filter(({ topic }) => topic === `area/reply/node/${id}/${sequence}/end`).length,
    /** The journal answers nothing until it is opened again. */
    hold() {
      let open = (): void => {}
      const opened = new Promise<void>((resolve) => {
        open = resolve
      })
      journal.before = () => opened
      return { open }
    },
    until,
    [Symbol.asyncDispose]: () => deps[Symbol.asyncDispose](),
  }
}
