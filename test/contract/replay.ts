import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Bus, BusNode } from '../../src/bus/index.ts'
import {
  compileDecoder,
  type DataDecoder,
  decodeConfiguration,
  FrameType,
  frameTypeOf,
} from '../../src/c37118/index.ts'
import { JournalSettings } from '../../src/config/journal.ts'
import { type Journal, openJournal, type StreamJournal, startReplayServer } from '../../src/journal/index.ts'
import { type ReplayAnswer, ReplayClient } from '../../src/recovery/index.ts'
import {
  encodeReplayRequest,
  framesOfParts,
  parseReplayEnd,
  type ReplayQuery,
  replayTopic,
  replyOf,
  streamTopic,
} from '../../src/streams/index.ts'
import { type TestDeps, testDeps } from '../support/deps.ts'
import { timeUsOf } from '../support/memory-journal.ts'
import { heard } from '../support/replay-heard.ts'
import { configurationFrames, frameWriter, smallPmu } from '../support/stream-frames.ts'
import { Watched } from '../support/watched.ts'
import type { TestNode } from './bus.ts'

/** Where producers and consumers meet: one broker, or two with a bridge between them. */
export interface ReplayHarness extends AsyncDisposable {
  joinProducer(node: BusNode): Promise<TestNode>
  joinConsumer(node: BusNode): Promise<TestNode>
}

export interface ReplaySubject {
  readonly name: string
  readonly open: () => Promise<ReplayHarness>
  readonly isSkipped?: boolean
  /** Without a socket there is no connection to lose. */
  readonly isInProcess?: boolean
}

const configuration = smallPmu()
const cfg2 = configurationFrames(configuration)[0]!
const frame = frameWriter(configuration)
const beginUs = timeUsOf(frame(0))
const all = { fromUs: beginUs, toUs: beginUs + 3_600_000_000, maxBytes: 65_536 }
const never = new AbortController().signal
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

/** Design section 4, point 4, as docs/wire.md has it, over any broker that phasorbus runs on. */
export function describeReplay({ name, open, isSkipped = false, isInProcess = false }: ReplaySubject): void {
  const overConnection = isInProcess ? () => {} : it
  describe.skipIf(isSkipped)(`the replay contract on ${name}`, () => {
    let broker: ReplayHarness
    let folder: string
    let deps: TestDeps
    let journal: Journal
    let nowUs = beginUs
    let count = 0
    beforeAll(async () => {
      broker = await open()
      folder = await mkdtemp(join(tmpdir(), 'phasorbus-replay-'))
      deps = testDeps()
      const config = { ...JournalSettings.parse({}), folder: join(folder, 'journal') }
      journal = deps.stops(await openJournal(config, { ...deps, utcUs: () => nowUs }))
    })
    afterAll(async () => {
      await broker?.[Symbol.asyncDispose]()
      await deps?.[Symbol.asyncDispose]()
      await rm(folder, { recursive: true, force: true })
    })

    /** A node with a journal, and a consumer, in an area of their own. */
    async function meet(bytesPerS = 1e9) {
      const at = { area: `replay-${++count}`, locationType: 'secondary-station', locationId: '1156' }
      const stream = streamTopic({ ...at, dataType: 'PMU', producerId: '765' })
      const producer = await broker.joinProducer({ ...at, nodeId: 'adapter-replay' })
      const recorded = journal.stream(stream)
      recorded.sessionBegan()
      const server = testDeps()
      server.stops(
        startReplayServer(
          { node: { ...at, nodeId: 'adapter' }, bytesPerS },
          { ...server, buses: [producer.bus], journal },
        ),
      )
      const consumers: TestNode[] = []
      const enter = async (nodeId: string): Promise<TestNode> => {
        const node = await broker.joinConsumer({ ...at, nodeId })
        consumers.push(node)
        return node
      }
      const consumer = await enter('consumer')
      const client = new ReplayClient({ bus: consumer.bus })
      await heard(client, stream, 'adapter')
      const pull = (query: Partial<ReplayQuery> = {}, of = client) =>
        of.pull(stream, 'adapter', { ...all, ...query }, never)
      return {
        at,
        stream,
        recorded,
        producer,
        consumer,
        client,
        enter,
        pull,
        async [Symbol.asyncDispose]() {
          await server[Symbol.asyncDispose]()
          await Promise.all([producer, ...consumers].map((node) => node.stop()))
        },
      }
    }

    /** Every page of a range, to its end. */
    async function pages(pull: (query: Partial<ReplayQuery>) => Promise<ReplayAnswer>, query: Partial<ReplayQuery>) {
      const answers: ReplayAnswer[] = []
      do {
        const cursor = answers.at(-1)?.cursor
        answers.push(await pull({ ...query, ...(cursor !== undefined && { cursor }) }))
      } while (answers.at(-1)!.cursor !== undefined)
      return answers
    }

    it('gives a range byte for byte, at most so many bytes at once, and a cursor until its end', async () => {
      await using it = await meet()
      const frames = Array.from({ length: 2000 }, (_, n) => frame(n))
      record(it.recorded, cfg2, ...frames)
      const query = { fromUs: timeUsOf(frame(100)), toUs: timeUsOf(frame(1900)), maxBytes: 20_000 }
      const answers = await pages(it.pull, query)
      expect(answers.length).toBeGreaterThan(3)
      for (const { frames: got, cursor, absent } of answers) {
        expect(got[0]).toEqual(Buffer.from(cfg2))
        expect(got.reduce((sum, { length }) => sum + length, 0)).toBeLessThanOrEqual(20_000)
        expect(absent).toEqual(
          cursor === undefined ? [{ fromUs: query.fromUs, toUs: query.toUs, verdict: 'never-produced' }] : [],
        )
      }
      expect(answers.flatMap(({ frames: got }) => got.slice(1)).map(hex)).toEqual(frames.slice(100, 1900).map(hex))
      expect(answers.at(-1)!.throughUs).toBe(query.toUs)
    })

    it('is not stuck by a timestamp that repeats', async () => {
      await using it = await meet()
      const same = Array.from({ length: 500 }, () => frame(7))
      record(it.recorded, cfg2, frame(6), ...same, frame(8))
      const answers = await pages(it.pull, { maxBytes: 1000 })
      const got = answers.flatMap(({ frames }) => frames.slice(1))
      expect(got.map(timeUsOf)).toEqual([frame(6), ...same, frame(8)].map(timeUsOf))
    })

    it('gives every frame under the configuration of its own epoch', async () => {
      await using it = await meet()
      const epochs = ['ONE', 'TWO', 'ONE'].map((stn, n) => smallPmu({ stn, phasors: n === 1 ? 5 : 3, cfgcnt: n }))
      let index = 0
      for (const epoch of epochs) {
        const write = frameWriter(epoch)
        record(it.recorded, configurationFrames(epoch)[0]!)
        for (let n = 0; n < 100; n++) record(it.recorded, write(index++))
      }
      const read: string[] = []
      for (const { frames } of await pages(it.pull, { maxBytes: 2500 })) {
        let [station, decoder]: [string, DataDecoder | undefined] = ['', undefined]
        for (const each of frames) {
          if (frameTypeOf(each) === FrameType.data)
            read.push(`${station} ${decoder!.decode(each).pmus[0]!.phasors[0]!.re}`)
          else {
            const decoded = decodeConfiguration(each)
            station = decoded.pmus[0]!.stn
            decoder = compileDecoder(decoded)
          }
        }
      }
      expect(read).toEqual(
        ['ONE', 'TWO', 'ONE'].flatMap((stn, epoch) =>
          Array.from({ length: 100 }, (_, n) => `${stn} ${epoch * 100 + n}`),
        ),
      )
    })

    it('says what is absent, and why', async () => {
      await using it = await meet()
      const write = (from: number, to: number): void => {
        for (const n of range(from, to)) record(it.recorded, frame(n))
      }
      record(it.recorded, cfg2)
      write(0, 10)
      write(15, 20)
      nowUs = timeUsOf(frame(20))
      it.recorded.sessionEnded('LINK_SILENT')
      it.recorded.sessionBegan()
      write(30, 40)
      const { frames, cursor, throughUs, absent } = await it.pull({ fromUs: all.fromUs - 1_000_000 })
      const written = [...range(0, 10), ...range(15, 20), ...range(30, 40)]
      expect(frames.slice(1).map(timeUsOf)).toEqual(written.map((n) => timeUsOf(frame(n))))
      expect(cursor).toBeUndefined()
      const said = (timeUs: number): string => {
        const { verdict, reason } = absent.find(({ fromUs, toUs }) => timeUs >= fromUs && timeUs < toUs)!
        return reason === undefined ? verdict : `${verdict} ${reason}`
      }
      expect(said(all.fromUs - 500_000)).toBe('not-received before-journal')
      expect(said(timeUsOf(frame(12)))).toBe('never-produced')
      expect(said(timeUsOf(frame(25)))).toBe('not-received LINK_SILENT')
      // Half a period: the next frame may be under way.
      expect(throughUs).toBe(timeUsOf(frame(39)) + 10_000)
      expect(absent.at(-1)!.toUs).toBe(throughUs)
    })

    it('serves several consumers at once, each with several requests', async () => {
      await using it = await meet()
      record(it.recorded, cfg2, ...Array.from({ length: 1200 }, (_, n) => frame(n)))
      const clients = [
        it.client,
        ...(await Promise.all(['b', 'c'].map(it.enter))).map(({ bus }) => new ReplayClient({ bus })),
      ]
      await Promise.all(
        clients.flatMap((client, c) =>
          [0, 1, 2, 3].map(async (n) => {
            const from = c * 400 + n * 100
            const query = { fromUs: timeUsOf(frame(from)), toUs: timeUsOf(frame(from + 100)) }
            const { frames } = await it.pull(query, client)
            expect(frames.slice(1).map(timeUsOf)).toEqual(
              Array.from({ length: 100 }, (_, k) => timeUsOf(frame(from + k))),
            )
          }),
        ),
      )
    })

    it('answers the same request twice with the same messages', async () => {
      await using it = await meet()
      record(it.recorded, cfg2, ...Array.from({ length: 1000 }, (_, n) => frame(n)))
      const replies = new Replies()
      await replies.listen(it.consumer.bus, `${it.at.area}/reply/+/mine/#`)
      const request = encodeReplayRequest({ ...all, id: 'mine', sequence: 7 })
      const ask = async (times: number): Promise<void> => {
        it.consumer.bus.publish(replayTopic(it.stream, 'adapter'), request, { qos: 1 })
        await replies.until(() => replies.count('end') === times && replies.isWhole)
      }
      await ask(1)
      const first = replies.list()
      expect(first.map(([topic]) => topic)).toEqual(
        [0, 1, 2, 'end'].map((part) => `${it.at.area}/reply/adapter/mine/7/${part}`),
      )
      await ask(2)
      expect(replies.list()).toEqual([...first, ...first].toSorted())
    })

    overConnection('goes on after a consumer’s connection is lost in the midst of an answer', async () => {
      await using it = await meet(300_000)
      const frames = Array.from({ length: 2000 }, (_, n) => frame(n))
      record(it.recorded, cfg2, ...frames)
      const first = await it.pull({ maxBytes: 16_384 })
      const replies = new Replies()
      await replies.listen((await it.enter('watcher')).bus, `${it.at.area}/reply/#`)
      const broken = it.pull({ cursor: first.cursor! }).then(
        () => undefined,
        (error: unknown) => error,
      )
      await replies.until(() => replies.count(0) > 0)
      const back = reconnection(it.consumer.bus)
      it.consumer.cut!()
      expect(await broken).toMatchObject({ facts: { code: 'RECOVERY_CONNECTION_LOST' } })
      await back
      const rest = await pages(it.pull, { cursor: first.cursor! })
      const got = [first, ...rest].flatMap(({ frames: page }) => page.slice(1))
      expect(got.map(hex)).toEqual(frames.map(hex))
    })

    overConnection('goes on after the node’s connection is lost in the midst of an answer', async () => {
      await using it = await meet(300_000)
      record(it.recorded, cfg2, ...Array.from({ length: 1000 }, (_, n) => frame(n)))
      const stop = new AbortController()
      const replies = new Replies()
      await replies.listen(it.consumer.bus, `${it.at.area}/reply/#`)
      const broken = it.client.pull(it.stream, 'adapter', all, stop.signal).catch((error: unknown) => error)
      await replies.until(() => replies.count(0) > 0)
      const back = reconnection(it.producer.bus)
      it.producer.cut!()
      await back
      stop.abort(new Error('its answer was broken off'))
      expect(await broken).toBeInstanceOf(Error)
      await heard(it.client, it.stream, 'adapter')
      expect((await it.pull()).frames).toHaveLength(1001)
    })

    it('refuses bad requests in words, and what has nowhere to be answered in silence', async () => {
      await using it = await meet()
      record(it.recorded, cfg2, frame(0))
      const replies = new Replies()
      await replies.listen(it.consumer.bus, `${it.at.area}/reply/#`)
      const whole = { contract: 1, id: 'raw', sequence: 0, from_us: all.fromUs, to_us: all.toUs }
      const ask = (change: object, topic = it.stream): void => {
        const payload = new TextEncoder().encode(JSON.stringify({ ...whole, ...change }))
        it.consumer.bus.publish(replayTopic(topic, 'adapter'), payload, { qos: 1 })
      }
      for (const id of ['a/b', '+', '#', '../x', '', 7]) ask({ id })
      ask({ sequence: '1/end' })
      ask({ sequence: 1, contract: 2 })
      ask({ sequence: 2, from_us: all.toUs, to_us: all.fromUs })
      ask({ sequence: 3, cursor: 'of-another-journal' })
      ask({ sequence: 4 }, it.stream.replace('765', '766'))
      ask({ sequence: 5, max_bytes: 'all' })
      ask({ sequence: 6 })
      await replies.until(() => replies.count('end') === 6 && replies.count(0) === 1)
      const said = replies.list().map(([topic, payload]) => {
        if (!topic.endsWith('/end')) return [topic, framesOfParts([payload]).length]
        const end = parseReplayEnd(payload)
        return [topic, 'refused' in end ? end.refused : 'answered']
      })
      const reply = `${it.at.area}/reply/adapter/raw`
      expect(said).toEqual([
        [`${reply}/1/end`, 'bad-contract'],
        [`${reply}/2/end`, 'bad-request'],
        [`${reply}/3/end`, 'bad-cursor'],
        [`${reply}/4/end`, 'unknown-stream'],
        [`${reply}/5/end`, 'bad-request'],
        [`${reply}/6/0`, 2],
        [`${reply}/6/end`, 'answered'],
      ])
    })

    it('answers to nobody’s choice of a topic but its own', async () => {
      await using it = await meet()
      record(it.recorded, cfg2, frame(0))
      const everything = new Replies()
      await everything.listen((await it.enter('watcher')).bus, '#')
      const fields = { contract: 1, sequence: 1, from_us: all.fromUs, to_us: all.toUs }
      const elsewhere = {
        reply_to: 'victim/topic',
        response_topic: 'victim/topic',
        area: 'victim',
        stream: 'victim/a/b/PMU/1',
        node: 'victim',
        nodeId: 'victim',
      }
      for (const id of ['ours', 'victim/topic', 'ours/../../victim', '$SYS']) {
        const payload = new TextEncoder().encode(JSON.stringify({ ...fields, ...elsewhere, id }))
        it.consumer.bus.publish(replayTopic(it.stream, 'adapter'), payload, { qos: 1 })
      }
      await it.pull()
      await everything.until(() => everything.count('end') === 2 && everything.isWhole)
      const answers = everything.list().map(([topic]) => topic)
      const others = answers.filter((topic) => !/\/replay\/|\/NODE\/|^area-\d+\//.test(topic))
      expect(others.filter((topic) => topic.includes('/ours/'))).toEqual([
        `${it.at.area}/reply/adapter/ours/1/0`,
        `${it.at.area}/reply/adapter/ours/1/end`,
      ])
      for (const topic of others) {
        expect(replyOf(topic)).toMatchObject({ area: it.at.area, nodeId: 'adapter' })
      }
    })

    it('disturbs no live frame on its own connection', async () => {
      await using it = await meet(16 * 1024 * 1024)
      record(it.recorded, cfg2, ...Array.from({ length: 20_000 }, (_, n) => frame(n)))
      const [source, sink] = [await broker.joinProducer({ ...it.at, nodeId: 'adapter' }), await it.enter('live')]
      const live = new Replies()
      await live.listen(sink.bus, it.stream)
      let done = false
      let bytes = 0
      const replay = async (): Promise<void> => {
        while (!done) {
          const { frames } = await it.pull()
          bytes += frames.reduce((sum, { length }) => sum + length, 0)
        }
      }
      const replays = [replay(), replay(), replay()]
      const sent: string[] = []
      const agesMs: number[] = []
      for (let n = 0; n < 50 || bytes < 400_000; n++) {
        const sinceMs = performance.now()
        sent.push(hex(frame(n)))
        source.bus.publish(it.stream, frame(n), { qos: 1 })
        await live.until(() => live.messages.length > n)
        agesMs.push(performance.now() - sinceMs)
        await nextTurn()
      }
      done = true
      await Promise.all(replays)
      expect(live.messages.map(([, payload]) => hex(payload))).toEqual(sent)
      // One reporting period, on a machine that does all of this and more at once.
      expect(agesMs.toSorted((a, b) => a - b)[agesMs.length >> 1]).toBeLessThan(20)
      await source.stop()
    })
  })
}

/** From, and not to. */
const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, n) => from + n)

/** As received from a source. */
function record(to: StreamJournal, ...frames: readonly Uint8Array[]): void {
  for (const each of frames) {
    if (frameTypeOf(each) === FrameType.data) to.data(each)
    else to.configuration([each])
  }
}

/** What came on a filter. */
class Replies extends Watched {
  readonly messages: (readonly [string, Uint8Array])[] = []

  listen(bus: Bus, filter: string): Promise<void> {
    return bus.subscribe(filter, (topic, payload, retained) => {
      // Of other tests, and of other contracts' on the same broker.
      if (retained) return
      this.messages.push([topic, payload])
      this.changed()
    }).granted
  }

  count(part: number | 'end'): number {
    return this.messages.filter(([topic]) => replyOf(topic)?.part === part).length
  }

  /** Every end has as many parts as it says. */
  get isWhole(): boolean {
    const ends = this.messages.filter(([topic]) => topic.endsWith('/end')).map(([, payload]) => parseReplayEnd(payload))
    const parts = ends.reduce((sum, end) => sum + ('refused' in end ? 0 : end.parts), 0)
    return this.messages.filter(([topic]) => typeof replyOf(topic)?.part === 'number').length === parts
  }

  /** By topic: the order of different topics is the broker's. */
  list(): (readonly [string, Uint8Array])[] {
    return this.messages.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  }
}

/** Resolves when a bus that is connected now has lost its connection and has another. */
function reconnection(bus: Bus): Promise<void> {
  let connects = 0
  return new Promise((resolve) => {
    const forget = bus.onConnect(() => {
      if (++connects < 2) return
      forget()
      resolve()
    })
  })
}
