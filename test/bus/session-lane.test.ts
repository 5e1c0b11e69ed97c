import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort } from '../../bench/support/free-port.ts'
import { startMosquitto, startNats, startRabbitMq, type TestBroker } from '../support/brokers.ts'
import { startAedes } from '../support/bus-harness.ts'
import { needs } from '../support/needs.ts'
import { startSessionChild } from '../support/session-child.ts'
import { numbered, startPublisher, startRecordedLane } from '../support/session-record.ts'
import { until } from '../support/until.ts'

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, index) => from + index)
const sorted = (values: readonly number[]): number[] => values.toSorted((a, b) => a - b)

interface Subject {
  readonly name: string
  readonly program: string
  readonly start: () => Promise<TestBroker>
  /** What was on its way when a connection was lost comes after what followed it. */
  readonly isUnordered?: boolean
}

const subjects: readonly Subject[] = [
  { name: 'Mosquitto without a window', program: 'mosquitto', start: () => startMosquitto() },
  {
    name: 'Mosquitto as it comes',
    program: 'mosquitto',
    start: () => startMosquitto({ lines: ['max_inflight_messages 20'] }),
  },
  // It sends again what was on its way when a connection was lost, after this time; half a minute by default.
  { name: 'NATS', program: 'nats-server', start: () => startNats({ mqtt: 'ack_wait: "1s"' }), isUnordered: true },
  { name: 'RabbitMQ', program: 'rabbitmq-server', start: startRabbitMq },
]

for (const { name, program, start, isUnordered = false } of subjects) {
  describe.skipIf(needs(program).skip)(needs(program).title(`a session on ${name}`), () => {
    let broker: TestBroker
    let count = 0
    beforeAll(async () => {
      broker = await start()
    })
    afterAll(() => broker?.[Symbol.asyncDispose]())
    const place = (): { clientId: string; topic: string; filter: string } => {
      count++
      return { clientId: `consumer-${count}`, topic: `area-${count}/x/1`, filter: `area-${count}/#` }
    }

    it('is one connection that brings what is live, once', async () => {
      const { clientId, topic, filter } = place()
      await using lane = await startRecordedLane(broker, clientId, [filter])
      await using publisher = await startPublisher(broker.url)
      await lane.record.until(() => lane.record.events.includes('drained'))
      await until(() => lane.proxy.connections === 1)
      await publisher.send(topic, 0, 500)
      await lane.record.until(() => lane.record.calls.length >= 500)
      expect(lane.record.values('live')).toEqual(range(0, 500))
      expect(lane.record.values('late')).toEqual([])
      expect(lane.record.events).toEqual(['granted', 'forgotten', 'drained'])
    })

    it('brings what is live at once after a loss, the backlog beside it, each message once, and is one connection again', async () => {
      const { clientId, topic, filter } = place()
      await using lane = await startRecordedLane(broker, clientId, [filter])
      await using publisher = await startPublisher(broker.url)
      await lane.record.until(() => lane.record.events.includes('drained'))
      await publisher.send(topic, 0, 100)
      await lane.record.until(() => lane.record.calls.length >= 100)

      lane.proxy.stall()
      await publisher.send(topic, 100, 4100)
      lane.proxy.cut()
      lane.proxy.resume()
      await lane.record.until(() => lane.record.count('granted') === 2)
      const stream = publisher.stream(topic, 4100)
      await lane.record.until(() => lane.record.count('drained') === 2)
      await until(() => lane.proxy.connections === 1)
      const steadyFrom = lane.record.calls.length
      await lane.record.until(() => lane.record.calls.length > steadyFrom + 100)
      const end = await stream.stop()
      await lane.record.until(() => lane.record.calls.length >= end)

      expect(sorted(lane.record.values())).toEqual(range(0, end))
      const late = lane.record.values('late')
      if (!isUnordered) expect(late).toEqual(sorted(late))
      const live = lane.record.values('live')
      expect(live).toEqual(sorted(live))
      // What was live came before the end of the backlog.
      const lastOfBacklog = lane.record.calls.findIndex(({ value }) => value === 4099)
      expect(lane.record.calls.findIndex(({ as, value }) => as === 'live' && value >= 4100)).toBeLessThan(lastOfBacklog)
      expect(lane.record.events.slice(3)).toEqual(['lost', 'granted', 'drained'])
    })

    it('loses and doubles nothing when the connection is lost in the middle of a backlog', async () => {
      const { clientId, topic, filter } = place()
      await using lane = await startRecordedLane(broker, clientId, [filter])
      await using publisher = await startPublisher(broker.url)
      await lane.record.until(() => lane.record.events.includes('drained'))
      lane.proxy.stall()
      await publisher.send(topic, 0, 3000)
      lane.proxy.cut()
      lane.proxy.resume()
      const stream = publisher.stream(topic, 3000)
      for (const atLeast of [500, 1500]) {
        await lane.record.until(() => lane.record.values('late').length >= atLeast)
        lane.proxy.cut()
      }
      const drained = lane.record.count('drained')
      await lane.record.until(() => lane.record.count('drained') > drained)
      const end = await stream.stop()
      await lane.record.until(() => new Set(lane.record.values()).size >= end)
      expect(sorted(lane.record.values())).toEqual(range(0, end))
    })

    it('is found again by the next run of the consumer', async () => {
      const { clientId, topic, filter } = place()
      await using publisher = await startPublisher(broker.url)
      await using first = await startRecordedLane(broker, clientId, [filter])
      await first.record.until(() => first.record.events.includes('drained'))
      await first.stop()
      await publisher.send(topic, 0, 2000)
      await using second = await startRecordedLane(broker, clientId, [filter])
      await second.record.until(() => second.record.events.includes('drained'))
      await publisher.send(topic, 2000, 2010)
      await second.record.until(() => second.record.calls.length >= 2010)
      expect(second.record.values('late')).toEqual(range(0, 2000))
      expect(second.record.values('live')).toEqual(range(2000, 2010))
      expect(second.record.events).toEqual(['granted', 'drained'])
    })

    it('brings again to the next run what was not confirmed', async () => {
      const { clientId, topic, filter } = place()
      await using publisher = await startPublisher(broker.url)
      await using first = await startRecordedLane(broker, clientId, [filter], { confirms: true })
      await first.record.until(() => first.record.events.includes('drained'))
      await publisher.send(topic, 0, 5)
      await first.record.until(() => first.record.calls.length >= 5)
      first.lane.confirm()
      await publisher.send(topic, 5, 10)
      await first.record.until(() => first.record.calls.length >= 10)
      await first.stop()
      await using second = await startRecordedLane(broker, clientId, [filter])
      await second.record.until(() => second.record.values('late').length >= 5)
      expect(second.record.values()).toEqual(range(5, 10))
    })

    it('waits with the backlog for as long as its pace says, and what is live comes meanwhile', async () => {
      const { clientId, topic, filter } = place()
      let isOpen = false
      const pace = { take: (wanted: number) => (isOpen ? wanted : 0) }
      await using publisher = await startPublisher(broker.url)
      await using first = await startRecordedLane(broker, clientId, [filter])
      await first.record.until(() => first.record.events.includes('drained'))
      await first.stop()
      await publisher.send(topic, 0, 1000)
      await using second = await startRecordedLane(broker, clientId, [filter], { pace })
      await second.record.until(() => second.record.events.includes('granted'))
      await publisher.send(topic, 1000, 1200)
      await second.record.until(() => second.record.calls.length >= 200)
      expect(second.record.values()).toEqual(range(1000, 1200))
      isOpen = true
      await second.record.until(() => second.record.events.includes('drained'))
      expect(second.record.values('late')).toEqual(range(0, 1000))
      expect(second.record.calls).toHaveLength(1200)
    })

    it('keeps its connection for as long as it has to wait with the backlog', async () => {
      const { clientId, topic, filter } = place()
      const config = { keepaliveS: 1 }
      await using publisher = await startPublisher(broker.url)
      await using first = await startRecordedLane(broker, clientId, [filter])
      await first.record.until(() => first.record.events.includes('drained'))
      await first.stop()
      await publisher.send(topic, 0, 3000)
      let isOpen = false
      const pace = { take: (wanted: number) => (isOpen ? wanted : 0) }
      const warnings: object[] = []
      const log = { debug() {}, info() {}, warn: (facts: object) => warnings.push(facts), error() {} }
      await using second = await startRecordedLane(broker, clientId, [filter], { pace, log }, config)
      await until(() => second.proxy.connections === 2)
      // A time that means something only to the keep-alive: three times the death of a silent connection.
      await new Promise((resolve) => setTimeout(resolve, 3000))
      isOpen = true
      await second.record.until(() => second.record.values('late').length >= 3000)
      expect(sorted(second.record.values('late'))).toEqual(range(0, 3000))
      expect(warnings).toEqual([])
    })

    it(`offers again what nobody took${isUnordered ? '' : ', in order'}`, async () => {
      const { clientId, topic, filter } = place()
      await using publisher = await startPublisher(broker.url)
      await using first = await startRecordedLane(broker, clientId, [filter])
      await first.record.until(() => first.record.events.includes('drained'))
      await first.stop()
      await publisher.send(topic, 0, 60)
      let offers = 0
      const lateToo: number[] = []
      await using second = await startRecordedLane(broker, clientId, [filter], {
        late: (_topic, payload) => {
          if (offers++ % 3 !== 0) return false
          lateToo.push(Buffer.from(payload).readUInt32BE())
          return true
        },
      })
      await second.record.until(() => second.record.events.includes('drained'))
      expect(isUnordered ? sorted(lateToo) : lateToo).toEqual(range(0, 60))
    })
  })
}

describe.skipIf(needs('mosquitto').skip)(needs('mosquitto').title('a session that is gone'), () => {
  it('is said to be gone, and made anew; what is live comes', async () => {
    await using broker = await startMosquitto()
    await using lane = await startRecordedLane(broker, 'consumer', ['area/#'])
    await lane.record.until(() => lane.record.count('drained') === 1)
    await broker.restart()
    await lane.record.until(() => lane.record.count('drained') === 2)
    expect(lane.record.count('forgotten')).toBe(2)
    await using publisher = await startPublisher(broker.url)
    await publisher.send('area/x', 0, 10)
    await lane.record.until(() => lane.record.calls.length >= 10)
    expect(lane.record.values('live')).toEqual(range(0, 10))
  })
})

describe.skipIf(needs('mosquitto').skip)(needs('mosquitto').title('what a session is given'), () => {
  it('is live at QoS 0 too, and never doubled; a broker keeps none of it', async () => {
    await using broker = await startMosquitto()
    await using publisher = await startPublisher(broker.url)
    await using lane = await startRecordedLane(broker, 'consumer', ['area/#'])
    await lane.record.until(() => lane.record.events.includes('granted'))
    const send = (value: number): Promise<unknown> =>
      publisher.client.publishAsync('area/x', numbered(value), { qos: 0 })
    for (let value = 0; value < 200; value++) await send(value)
    await lane.record.until(() => lane.record.events.includes('drained'))
    for (let value = 200; value < 400; value++) await send(value)
    await lane.record.until(() => lane.record.calls.length >= 400)
    expect(sorted(lane.record.values())).toEqual(range(0, 400))
  })

  it('may be several filters, as long as they do not overlap', async () => {
    await using broker = await startMosquitto()
    await using publisher = await startPublisher(broker.url)
    await using lane = await startRecordedLane(broker, 'consumer', ['area/x', 'area/y/#'])
    await lane.record.until(() => lane.record.events.includes('drained'))
    await publisher.send('area/x', 0, 10)
    await publisher.send('area/z', 10, 20)
    await publisher.send('area/y/1', 20, 30)
    await lane.record.until(() => lane.record.calls.length >= 20)
    expect(lane.record.values()).toEqual([...range(0, 10), ...range(20, 30)])
    await expect(startRecordedLane(broker, 'other', ['area/+', 'area/x'])).rejects.toMatchObject({
      facts: { code: 'BUS_FILTERS_OVERLAP', filters: ['area/+', 'area/x'] },
    })
  })

  it('is taken up over the next address of its broker when the first does not work', async () => {
    await using broker = await startMosquitto()
    await using publisher = await startPublisher(broker.url)
    await using first = await startRecordedLane(broker, 'consumer', ['area/#'])
    await first.record.until(() => first.record.events.includes('drained'))
    await first.stop()
    await publisher.send('area/x', 0, 100)
    const nobody = await freePort()
    const url = [`mqtt://127.0.0.1:${nobody}`, broker.url]
    await using second = await startRecordedLane(broker, 'consumer', ['area/#'], {}, { url })
    await second.record.until(() => second.record.events.includes('drained'))
    expect(second.record.values('late')).toEqual(range(0, 100))
  })
})

describe.skipIf(needs('mosquitto').skip)(needs('mosquitto').title('the process of a session'), () => {
  it('that stood still goes on with what is live; what waited for it is late', async () => {
    await using broker = await startMosquitto()
    await using publisher = await startPublisher(broker.url)
    await using child = startSessionChild(broker.url, 'consumer', 'area/#')
    await child.record.until(() => child.record.count('drained') === 1)
    const stream = publisher.stream('area/x', 0)
    await child.record.until(() => child.record.calls.length >= 50)
    child.signal('SIGSTOP')
    const before = await stream.stop()
    await publisher.send('area/x', before, before + 2000)
    // It is only long enough that it can be noticed.
    await new Promise((resolve) => setTimeout(resolve, 1500))
    child.signal('SIGCONT')
    const after = publisher.stream('area/x', before + 2000)
    await child.record.until(() => child.record.count('drained') === 2)
    const end = await after.stop()
    await child.record.until(() => child.record.calls.length >= end)
    expect(sorted(child.record.values())).toEqual(range(0, end))
    expect(child.record.values('live').filter((value) => value > before + 20 && value < before + 2000)).toEqual([])
    expect(child.record.events.slice(-4)).toEqual(['drained', 'lost', 'granted', 'drained'])
  })

  it('that was killed is followed by one that gets all it missed', async () => {
    await using broker = await startMosquitto()
    await using publisher = await startPublisher(broker.url)
    await using first = startSessionChild(broker.url, 'consumer', 'area/#')
    await first.record.until(() => first.record.count('drained') === 1)
    const stream = publisher.stream('area/x', 0, 1)
    await first.record.until(() => first.record.calls.length >= 300)
    await first.kill()
    await using second = startSessionChild(broker.url, 'consumer', 'area/#')
    await second.record.until(() => second.record.count('drained') === 1)
    const end = await stream.stop()
    const one = first.record.values()
    await second.record.until(() => new Set([...one, ...second.record.values()]).size >= end)
    const two = second.record.values()
    expect(sorted([...new Set([...one, ...two])])).toEqual(range(0, end))
    expect(two).toHaveLength(new Set(two).size)
  })
})

describe('a broker without sessions', () => {
  it('is named in an error, once; what is live comes', async () => {
    const { broker } = await startAedes()
    const errors: object[] = []
    const log = { debug() {}, info() {}, warn() {}, error: (facts: object) => errors.push(facts) }
    await using lane = await startRecordedLane(broker, 'consumer', ['area/#'], { log })
    await until(() => errors.length > 0)
    expect(errors).toEqual([expect.objectContaining({ code: 'BUS_NO_SESSIONS', session: 'consumer' })])
    await using publisher = await startPublisher(broker.url)
    await publisher.client.publishAsync('area/y', numbered(7), { qos: 1, retain: true })
    await publisher.send('area/x', 0, 100)
    await lane.record.until(() => lane.record.calls.length >= 101)
    expect(lane.record.values('live')).toEqual([7, ...range(0, 100)])
    expect(errors).toHaveLength(1)
    await broker[Symbol.asyncDispose]()
  })
})
