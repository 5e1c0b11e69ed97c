import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type Bus,
  type BusNode,
  CarrierWatch,
  type NodeBus,
  StreamProducer,
  StreamReader,
  type Subscription,
} from '../../src/bus/index.ts'
import { silentLog } from '../../src/runtime/log.ts'
import { createMetrics } from '../../src/runtime/metrics.ts'
import {
  type ConsumerAccounts,
  nodeStateTopic,
  nodeTopic,
  parseNodeState,
  retainedTopics,
  stateTopic,
  streamTopic,
} from '../../src/streams/index.ts'
import { configurationFrames, frameWriter, smallPmu } from '../support/stream-frames.ts'
import { StreamRecord } from '../support/stream-record.ts'
import { Watched } from '../support/watched.ts'

/** One process on the bus. */
export interface TestNode {
  readonly bus: NodeBus
  /** A clean end. */
  stop(): Promise<void>
  /** The connection breaks without a word; it may come back. Absent where there is none. */
  readonly cut?: () => void
  /** The process is killed: the connection breaks and nothing comes back. Absent where the broker dies with it. */
  readonly kill?: () => Promise<void>
}

/** A running broker. */
export interface BusHarness extends AsyncDisposable {
  join(node: BusNode): Promise<TestNode>
}

export interface BusSubject {
  readonly name: string
  readonly open: () => Promise<BusHarness>
  readonly isSkipped?: boolean
  /** Without a socket there is no connection to lose, and the broker dies with its clients. */
  readonly isInProcess?: boolean
}

/** The behaviour that phasorbus relies on, of every broker it runs on: design section 3. */
export function describeBus({ name, open, isSkipped = false, isInProcess = false }: BusSubject): void {
  const overConnection = isInProcess ? () => {} : it
  describe.skipIf(isSkipped)(`the bus contract on ${name}`, () => {
    let broker: BusHarness
    let count = 0
    beforeAll(async () => {
      broker = await open()
    })
    afterAll(() => broker?.[Symbol.asyncDispose]())

    /** Every test has names of its own: brokers keep what is retained. */
    const place = (): { area: string; locationType: string; locationId: string } => ({
      area: `area-${++count}`,
      locationType: 'secondary-station',
      locationId: '1156',
    })
    const settled = (bus: Bus, topic: string, payload: Uint8Array, retain = false): Promise<void> =>
      new Promise((resolve, reject) => {
        const written = bus.publish(topic, payload, { qos: 1, retain }, (error) => (error ? reject(error) : resolve()))
        if (!written) reject(new Error('not written'))
      })

    describe('messages', () => {
      it('arrive byte for byte, in order, once', async () => {
        const at = place()
        await using pair = await join(broker, { ...at, nodeId: 'a' }, { ...at, nodeId: 'b' })
        const inbox = new Inbox()
        await inbox.subscribe(pair.b.bus, `${at.area}/x`).granted
        const payloads = Array.from({ length: 300 }, (_, index) => Uint8Array.from([index >> 8, index, 0, 255]))
        for (const payload of payloads) pair.a.bus.publish(`${at.area}/x`, payload, { qos: 1 })
        await settled(pair.a.bus, `${at.area}/x`, Uint8Array.of(9))
        await inbox.until(() => inbox.messages.length >= 301)
        expect(inbox.messages.slice(0, 300).map(({ payload }) => [...payload])).toEqual(payloads.map((p) => [...p]))
        expect(inbox.messages).toHaveLength(301)
      })

      it('of 60 kB arrive whole, among small ones', async () => {
        const at = place()
        await using pair = await join(broker, { ...at, nodeId: 'a' }, { ...at, nodeId: 'b' })
        const inbox = new Inbox()
        await inbox.subscribe(pair.b.bus, `${at.area}/m/#`).granted
        const large = new Uint8Array(60_000).map((_, index) => index % 251)
        for (const payload of [Uint8Array.of(1), large, Uint8Array.of(2), large]) {
          pair.a.bus.publish(`${at.area}/m/big`, payload, { qos: 1 })
        }
        await inbox.until(() => inbox.messages.length === 4)
        expect(inbox.messages.map(({ payload }) => Buffer.compare(payload, large) === 0)).toEqual([
          false,
          true,
          false,
          true,
        ])
      })

      it('keep their order when a retained one is among them', async () => {
        const at = place()
        await using pair = await join(broker, { ...at, nodeId: 'a' }, { ...at, nodeId: 'b' })
        const inbox = new Inbox()
        await inbox.subscribe(pair.b.bus, `${at.area}/x`).granted
        for (let index = 0; index < 200; index++) {
          pair.a.bus.publish(`${at.area}/x`, Uint8Array.of(index), { qos: 1, retain: index % 10 === 5 })
        }
        await inbox.until(() => inbox.messages.length >= 200)
        expect(inbox.messages.map(({ payload }) => payload[0])).toEqual(Array.from({ length: 200 }, (_, i) => i))
      })

      it('come once to each of several overlapping subscriptions', async () => {
        const at = place()
        await using pair = await join(broker, { ...at, nodeId: 'a' }, { ...at, nodeId: 'b' })
        const inboxes = [`${at.area}/x/#`, `${at.area}/+/y`, `${at.area}/x/y`, `${at.area}/x/y`].map((filter) => {
          const inbox = new Inbox()
          return { inbox, subscription: inbox.subscribe(pair.b.bus, filter) }
        })
        await Promise.all(inboxes.map(({ subscription }) => subscription.granted))
        for (let index = 0; index < 20; index++) await settled(pair.a.bus, `${at.area}/x/y`, Uint8Array.of(index))
        await Promise.all(inboxes.map(({ inbox }) => inbox.until(() => inbox.messages.length >= 20)))
        const expected = Array.from({ length: 20 }, (_, index) => index)
        for (const { inbox } of inboxes) expect(inbox.messages.map(({ payload }) => payload[0])).toEqual(expected)
      })

      it('come no more after a subscription is closed', async () => {
        const at = place()
        await using pair = await join(broker, { ...at, nodeId: 'a' }, { ...at, nodeId: 'b' })
        const [closed, open] = [new Inbox(), new Inbox()]
        const subscription = closed.subscribe(pair.b.bus, `${at.area}/x`)
        await Promise.all([subscription.granted, open.subscribe(pair.b.bus, `${at.area}/+`).granted])
        await settled(pair.a.bus, `${at.area}/x`, Uint8Array.of(1))
        await closed.until(() => closed.messages.length === 1)
        subscription.close()
        await settled(pair.a.bus, `${at.area}/x`, Uint8Array.of(2))
        await open.until(() => open.messages.length === 2)
        expect(closed.messages).toHaveLength(1)
      })
    })

    describe('retained messages', () => {
      it('come to a new subscriber, marked, and not marked to an old one', async () => {
        const at = place()
        await using pair = await join(broker, { ...at, nodeId: 'a' }, { ...at, nodeId: 'b' })
        const [before, after] = [new Inbox(), new Inbox()]
        await before.subscribe(pair.b.bus, `${at.area}/x`).granted
        await settled(pair.a.bus, `${at.area}/x`, Uint8Array.of(7), true)
        await before.until(() => before.messages.length === 1)
        await after.subscribe(pair.b.bus, `${at.area}/x`).granted
        await after.until(() => after.messages.length === 1)
        expect(before.messages[0]).toMatchObject({ retained: false })
        expect(after.messages[0]).toMatchObject({ retained: true })
        expect([...after.messages[0]!.payload]).toEqual([7])
      })

      it('are gone once an empty one is published', async () => {
        const at = place()
        await using pair = await join(broker, { ...at, nodeId: 'a' }, { ...at, nodeId: 'b' })
        await settled(pair.a.bus, `${at.area}/x`, Uint8Array.of(7), true)
        await settled(pair.a.bus, `${at.area}/x`, new Uint8Array(0), true)
        const inbox = new Inbox()
        await inbox.subscribe(pair.b.bus, `${at.area}/x`).granted
        await settled(pair.a.bus, `${at.area}/x`, Uint8Array.of(8))
        await inbox.until(() => inbox.messages.some(({ payload }) => payload[0] === 8))
        expect(inbox.messages.map(({ payload }) => [...payload])).toEqual([[8]])
      })
    })

    describe('a node', () => {
      it('is online while it runs, and says that it stopped', async () => {
        const at = place()
        const watcher = await broker.join({ ...at, nodeId: 'watcher' })
        const node = { ...at, nodeId: 'node', streams: [`${at.area}/a/b/PMU/1`] }
        const subject = await broker.join(node)
        const inbox = new Inbox()
        await inbox.subscribe(watcher.bus, nodeStateTopic(nodeTopic(node))).granted
        await inbox.until(() => inbox.messages.length >= 1)
        await subject.stop()
        const states = () => inbox.messages.map(({ payload }) => parseNodeState(payload))
        await inbox.until(() => states().at(-1)?.online === false)
        await watcher.stop()
        expect(states()[0]).toMatchObject({
          contract: 1,
          online: true,
          brokers: expect.arrayContaining([expect.any(String)]),
          streams: node.streams,
        })
        expect(states().at(-1)).toMatchObject({ online: false, reason: 'stopped', streams: node.streams })
      })

      it('says what its consumers account for when it is told to', async () => {
        const at = place()
        const watcher = await broker.join({ ...at, nodeId: 'watcher' })
        const stream = `${at.area}/a/b/PMU/1`
        const account = { expected: 3, live: 2, late: 1, never_produced: 0, pending: 0, duplicates: 0, conflicts: 0 }
        let consumers: ConsumerAccounts = {}
        const node = { ...at, nodeId: 'node', consumers: () => consumers }
        const subject = await broker.join(node)
        const inbox = new Inbox()
        await inbox.subscribe(watcher.bus, nodeStateTopic(nodeTopic(node))).granted
        await inbox.until(() => inbox.messages.length >= 1)
        consumers = { 'pdc-1': { [stream]: { ...account, not_received: {}, lost: {}, outside: {} } } }
        subject.bus.announce()
        const last = () => parseNodeState(inbox.messages.at(-1)!.payload)
        await inbox.until(() => last().consumers?.['pdc-1']?.[stream]?.live === 2)
        expect(last()).toMatchObject({ online: true, consumers })
        await Promise.all([subject.stop(), watcher.stop()])
      })

      overConnection('is declared offline by the broker when it is killed', async () => {
        const at = place()
        const watcher = await broker.join({ ...at, nodeId: 'watcher' })
        const node = { ...at, nodeId: 'node' }
        const subject = await broker.join(node)
        const inbox = new Inbox()
        await inbox.subscribe(watcher.bus, nodeStateTopic(nodeTopic(node))).granted
        await inbox.until(() => inbox.messages.length >= 1)
        await subject.kill!()
        const last = () => parseNodeState(inbox.messages.at(-1)!.payload)
        await inbox.until(() => !last().online)
        expect(last()).toMatchObject({ online: false, reason: 'connection lost' })
        await watcher.stop()
      })
    })

    describe('a stream', () => {
      const setUp = async (filterOf: (topic: string) => string = (topic) => topic) => {
        const at = place()
        const pair = await join(broker, { ...at, nodeId: 'a' }, { ...at, nodeId: 'b' })
        const topic = streamTopic({ ...at, dataType: 'PMU', producerId: '765' })
        const node = nodeTopic({ ...at, nodeId: 'a' })
        const retained = [...retainedTopics(topic), stateTopic(topic, 'a')]
        const produce = (): StreamProducer =>
          new StreamProducer({ topic, buses: [pair.a.bus], node }, { metrics: createMetrics() })
        const record = new StreamRecord()
        const metrics = createMetrics()
        const read = (): StreamReader =>
          new StreamReader({ bus: pair.b.bus, filter: filterOf(topic), sink: record.sink }, { log: silentLog, metrics })
        return { at, pair, topic, retained, produce, read, record, metrics }
      }
      const filters: readonly (readonly [string, (topic: string) => string])[] = [
        ['its topic', (topic) => topic],
        ["its site's PMUs", (topic) => `${topic.split('/').slice(0, 4).join('/')}/#`],
        ['a filter of one level each', (topic) => `${topic.split('/')[0]}/+/+/PMU/+`],
      ]

      it.each(filters)(
        'is decodable from the first frame, read by %s, whoever comes first',
        async (_name, filterOf) => {
          for (const readerFirst of [true, false]) {
            const { pair, topic, produce, read, record } = await setUp(filterOf)
            await using _pair = pair
            const configuration = smallPmu()
            const frame = frameWriter(configuration)
            const start = async (): Promise<StreamReader> => {
              const reader = read()
              await reader.granted
              return reader
            }
            let reader = readerFirst ? await start() : undefined
            const producer = produce()
            producer.configuration(configurationFrames(configuration))
            producer.state({ online: true, rate: 50 })
            for (let index = 0; index < 10; index++) producer.data(frame(index))
            if (!reader) await settled(pair.a.bus, `${topic}/unrelated`, Uint8Array.of(1))
            reader ??= await start()
            const first = record.data.length
            for (let index = 10; index < 30; index++) producer.data(frame(index))
            await record.until(() => same(record.data.at(-1), frame(29)))

            const expected = Array.from({ length: 30 }, (_, index) => frame(index))
            const got = readerFirst ? expected : expected.slice(-record.data.length)
            expect(record.data.map(hex)).toEqual(got.map(hex))
            expect(record.data.length - first).toBe(readerFirst ? 30 - first : 20)
            expect(record.calls.indexOf(`configuration ${topic}`)).toBeLessThan(record.calls.indexOf(`data ${topic}`))
            expect(record.stations).toEqual(['Station A'])
            reader.close()
            producer.close('test over')
          }
        },
      )

      it('never lets a frame be read with another configuration than its own', async () => {
        const { pair, produce, read, record } = await setUp()
        await using _pair = pair
        const reader = read()
        await reader.granted
        const producer = produce()
        const expected: string[] = []
        // The same size under other names, then another size, then back: each change in the midst of the data.
        const epochs = [
          smallPmu({ stn: 'ONE' }),
          smallPmu({ stn: 'TWO', cfgcnt: 2 }),
          smallPmu({ stn: 'THREE', phasors: 5, cfgcnt: 3 }),
          smallPmu({ stn: 'ONE' }),
        ]
        let index = 0
        for (const configuration of epochs) {
          const frame = frameWriter(configuration)
          producer.configuration(configurationFrames(configuration))
          for (let n = 0; n < 15; n++) {
            producer.data(frame(index++))
            expected.push(configuration.pmus[0]!.stn)
          }
        }
        await record.until(() => record.data.length >= 60)
        expect(record.decodedBy).toEqual(expected)
        reader.close()
        producer.close('test over')
      })

      it('starts no new epoch when a configuration only comes again', async () => {
        const { pair, produce, read, record } = await setUp()
        await using _pair = pair
        const reader = read()
        await reader.granted
        const producer = produce()
        const configuration = smallPmu()
        const frame = frameWriter(configuration)
        for (let index = 0; index < 3; index++) {
          producer.configuration(configurationFrames({ ...configuration, soc: configuration.soc + index }))
          producer.data(frame(index))
        }
        await record.until(() => record.data.length === 3)
        expect(record.stations).toEqual(['Station A'])
        reader.close()
        producer.close('test over')
      })

      it('has a retained set that says all, and none after its retirement', async () => {
        const { at, pair, topic, retained: topics, produce, read, record } = await setUp()
        await using _pair = pair
        const producer = produce()
        const configuration = smallPmu()
        const [cfg2] = configurationFrames(configuration)
        producer.configuration([cfg2!])
        producer.extra('config-1', configurationFrames({ ...configuration, type: 2 }))
        producer.extra('config-3', configurationFrames({ ...configuration, type: 5 }))
        producer.extra('header', [cfg2!])
        producer.state({ online: true, rate: 50 })
        const retained = new Inbox()
        const subscriptions = topics.map((each) => retained.subscribe(pair.b.bus, each))
        await Promise.all(subscriptions.map(({ granted }) => granted))
        await retained.until(() => new Set(retained.messages.map(({ topic: each }) => each)).size === 5)
        expect(Object.fromEntries(retained.messages.map((each) => [each.topic, each.payload]))[topic]).toEqual(
          Buffer.from(cfg2!),
        )

        const reader = read()
        await reader.granted
        await record.until(() => record.states.some(({ online, rate }) => online && rate === 50))
        await record.until(() => record.stations.length === 1 && record.extras.length === 3)
        expect(record.online.at(-1)).toEqual({ online: true, reason: undefined })

        producer.retire()
        await record.until(() => record.calls.includes(`retired ${topic}`))
        const stranger = await broker.join({ ...at, nodeId: 'stranger' })
        const ghosts = new Inbox()
        await Promise.all(topics.map((each) => ghosts.subscribe(stranger.bus, each).granted))
        await settled(pair.a.bus, stateTopic(topic, 'a'), Uint8Array.of(1))
        await ghosts.until(() => ghosts.messages.length > 0)
        expect(ghosts.messages.map(({ topic: each, retained: old }) => [each, old])).toEqual([
          [stateTopic(topic, 'a'), false],
        ])
        await stranger.stop()
        reader.close()
      })

      overConnection('is retired by the next run of its node that does not have it any more', async () => {
        const at = place()
        const [old, kept] = ['1', '2'].map((producerId) => streamTopic({ ...at, dataType: 'PMU', producerId }))
        const node = { ...at, nodeId: 'node' }
        const first = await broker.join({ ...node, streams: [old!, kept!] })
        const watcher = await broker.join({ ...at, nodeId: 'watcher' })
        const record = new StreamRecord()
        const deps = { log: silentLog, metrics: createMetrics() }
        const readers = [old!, kept!].map(
          (filter) => new StreamReader({ bus: watcher.bus, filter, sink: record.sink }, deps),
        )
        await Promise.all(readers.map((reader) => reader.granted))
        for (const topic of [old!, kept!]) {
          new StreamProducer({ topic, buses: [first.bus], node: nodeTopic(node) }, deps).configuration(
            configurationFrames(smallPmu()),
          )
        }
        await record.until(() => record.stations.length === 2)
        // Not a clean stop: the will must not wipe what is known of the streams.
        await first.kill!()

        const second = await broker.join({ ...node, streams: [kept!] })
        await record.until(() => record.calls.includes(`retired ${old}`))
        const inbox = new Inbox()
        const later = await broker.join({ ...at, nodeId: 'later' })
        await Promise.all([old!, kept!].map((topic) => inbox.subscribe(later.bus, topic).granted))
        await inbox.until(() => inbox.messages.length > 0)
        await settled(second.bus, old!, Uint8Array.of(1))
        await inbox.until(() => inbox.messages.length > 1)
        expect(inbox.messages.map(({ topic, retained }) => [topic, retained])).toEqual([
          [kept, true],
          [old, false],
        ])
        await Promise.all([watcher, second, later].map((each) => each.stop()))
      })

      overConnection('is not retired by the next run of a node that gave it to another', async () => {
        const at = place()
        const [topic, gone, other] = ['1', '2', '3'].map((id) =>
          streamTopic({ ...at, dataType: 'PMU', producerId: id }),
        )
        const [before, now] = ['before', 'now'].map((nodeId) => ({ ...at, nodeId }))
        const first = await broker.join({ ...before!, streams: [topic!, gone!] })
        const carrier = await broker.join({ ...now!, streams: [topic!] })
        const deps = { log: silentLog, metrics: createMetrics() }
        const record = new StreamRecord()
        const watcher = await broker.join({ ...at, nodeId: 'watcher' })
        const readers = [topic!, gone!].map(
          (filter) => new StreamReader({ bus: watcher.bus, filter, sink: record.sink }, deps),
        )
        await Promise.all(readers.map((reader) => reader.granted))
        const produce = (stream: string, by: BusNode, bus: Bus): void => {
          const producer = new StreamProducer({ topic: stream, buses: [bus], node: nodeTopic(by) }, deps)
          producer.configuration(configurationFrames(smallPmu()))
          producer.state({ online: true, rate: 50 })
        }
        for (const stream of [topic!, gone!]) produce(stream, before!, first.bus)
        produce(topic!, now!, carrier.bus)
        await record.until(() => record.stations.length === 2 && record.states.filter(({ rate }) => rate).length >= 3)
        await first.kill!()

        const again = await broker.join({ ...before!, streams: [other!] })
        await record.until(() => record.calls.includes(`retired ${gone}`))
        expect(record.calls).not.toContain(`retired ${topic}`)
        const inbox = new Inbox()
        await inbox.subscribe(again.bus, topic!).granted
        await inbox.until(() => inbox.messages.length > 0)
        expect(inbox.messages).toMatchObject([{ topic, retained: true }])
        await Promise.all([carrier, again, watcher].map((each) => each.stop()))
      })

      it('stays online while one of two nodes carries it, and stays retained when the other gives it up', async () => {
        const at = place()
        const [left, right] = ['left', 'right'].map((nodeId) => ({ ...at, nodeId }))
        const nodes = await Promise.all([left!, right!, { ...at, nodeId: 'watcher' }].map((node) => broker.join(node)))
        const topic = streamTopic({ ...at, dataType: 'PMU', producerId: '1' })
        const deps = { log: silentLog, metrics: createMetrics() }
        const record = new StreamRecord()
        const reader = new StreamReader({ bus: nodes[2]!.bus, filter: topic, sink: record.sink }, deps)
        await reader.granted
        const [one, two] = [left!, right!].map((node, i) => {
          const options = { topic, buses: [nodes[i]!.bus], node: nodeTopic(node), carriers: new CarrierWatch() }
          const producer = new StreamProducer(options, deps)
          // Each asked at its own time; it is the same configuration.
          producer.configuration(configurationFrames({ ...smallPmu(), soc: 1_700_000_000 + i }))
          producer.state({ online: true, rate: 50 })
          return producer
        })
        const isHeard = (node: BusNode): boolean =>
          record.states.some((state) => state.online && state.node === nodeTopic(node))
        await record.until(() => isHeard(left!) && isHeard(right!))
        expect(record.stations).toEqual(['Station A'])

        two!.close('unplugged')
        await record.until(() => record.states.at(-1)?.reason === 'unplugged')
        // Both said that they were starting first.
        expect(record.online.map(({ online }) => online)).toEqual([false, true])

        const carriers = new CarrierWatch()
        const again = new StreamProducer({ topic, buses: [nodes[1]!.bus], node: nodeTopic(right!), carriers }, deps)
        const known = new Watched()
        let isOtherKnown = false
        const heard = (nodeId: string): void => {
          isOtherKnown ||= nodeId === 'left'
          known.changed()
        }
        carriers.follow(nodes[1]!.bus, topic, { heard, lost() {} })
        // On RabbitMQ it takes a heartbeat of the other.
        await known.until(() => isOtherKnown)
        again.retire()
        await record.until(() => record.calls.includes(`left ${topic} ${nodeTopic(right!)}`))
        one!.data(frameWriter(smallPmu())(1))
        await record.until(() => record.data.length === 1)
        expect(record.calls).not.toContain(`retired ${topic}`)
        expect(record.online.at(-1)).toEqual({ online: true, reason: undefined })

        one!.retire()
        await record.until(() => record.calls.includes(`retired ${topic}`))
        reader.close()
        await Promise.all(nodes.map((node) => node.stop()))
      })

      it('is whole again after somebody cleared it', async () => {
        const { at, pair, topic, read, record } = await setUp()
        await using _pair = pair
        const reader = read()
        await reader.granted
        const producer = new StreamProducer(
          { topic, buses: [pair.a.bus], node: nodeTopic({ ...at, nodeId: 'a' }), carriers: new CarrierWatch() },
          { metrics: createMetrics() },
        )
        producer.configuration(configurationFrames(smallPmu()))
        producer.state({ online: true, rate: 50 })
        await record.until(() => record.online.at(-1)?.online === true)
        for (const each of [topic, stateTopic(topic, 'a')]) await settled(pair.b.bus, each, new Uint8Array(0), true)
        await record.until(() => record.calls.includes(`retired ${topic}`))
        const after = (): string[] => record.calls.slice(record.calls.indexOf(`retired ${topic}`))
        await record.until(() => [`configuration ${topic}`, `online ${topic}`].every((call) => after().includes(call)))
        expect(record.online.at(-1)).toEqual({ online: true, reason: undefined })
        reader.close()
        producer.close('test over')
      })

      overConnection('goes offline when the node that carries it is killed', async () => {
        const { pair, produce, read, record } = await setUp()
        await using _pair = pair
        const reader = read()
        await reader.granted
        const producer = produce()
        producer.configuration(configurationFrames(smallPmu()))
        producer.state({ online: true })
        await record.until(() => record.online.at(-1)?.online === true)
        await pair.a.kill!()
        await record.until(() => record.online.at(-1)?.online === false)
        expect(record.online.at(-1)).toEqual({ online: false, reason: 'connection lost' })
        reader.close()
      })

      overConnection('is whole again after both ends lost their connection, and nothing comes twice', async () => {
        const { pair, topic, produce, read, record } = await setUp()
        await using _pair = pair
        const { a, b } = pair
        const reader = read()
        await reader.granted
        const producer = produce()
        const configuration = smallPmu()
        const frame = frameWriter(configuration)
        producer.configuration(configurationFrames(configuration))
        producer.data(frame(0))
        await record.until(() => record.data.length === 1)

        const reconnected = Promise.all([connectedAgain(a.bus), connectedAgain(b.bus)])
        a.cut!()
        b.cut!()
        await record.until(() => record.calls.includes('lost'))
        await reconnected
        // The reader's subscription is made anew after its connect; frames before that are not for it.
        let index = 0
        while (record.data.length === 1) {
          producer.data(frame(++index))
          await settled(a.bus, `${topic}/header`, Uint8Array.of(0))
        }
        producer.data(frame(index + 1))
        await record.until(() => same(record.data.at(-1), frame(index + 1)))
        const stamps = record.data.map(hex)
        expect(new Set(stamps).size).toBe(stamps.length)
        expect(stamps).toEqual([...stamps].sort())
        expect(record.stations).toEqual(['Station A'])
        reader.close()
        producer.close('test over')
      })
    })
  })
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const same = (one: Uint8Array | undefined, other: Uint8Array): boolean => one !== undefined && hex(one) === hex(other)

async function join(
  broker: BusHarness,
  a: BusNode,
  b: BusNode,
): Promise<{ readonly a: TestNode; readonly b: TestNode } & AsyncDisposable> {
  const nodes = await Promise.all([broker.join(a), broker.join(b)])
  return {
    a: nodes[0],
    b: nodes[1],
    async [Symbol.asyncDispose]() {
      await Promise.all(nodes.map((node) => node.stop()))
    },
  }
}

/** Resolves at the next connect, not at the one there is. */
function connectedAgain(bus: Bus): Promise<void> {
  return new Promise((resolve) => {
    let first = bus.connected
    const forget = bus.onConnect(() => {
      if (!first) {
        forget()
        resolve()
      }
      first = false
    })
  })
}

interface Message {
  readonly topic: string
  readonly payload: Uint8Array
  readonly retained: boolean
}

class Inbox extends Watched {
  readonly messages: Message[] = []

  subscribe(bus: Bus, filter: string): Subscription {
    return bus.subscribe(filter, (topic, payload, retained) => {
      this.messages.push({ topic, payload, retained })
      this.changed()
    })
  }
}
