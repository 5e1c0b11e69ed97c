import { describe, expect, it } from 'vitest'
import { type Bus, type Settled, StreamProducer } from '../../src/bus/index.ts'
import { createMetrics } from '../../src/runtime/metrics.ts'
import { parseStreamState, retainedTopics, stateTopic } from '../../src/streams/index.ts'
import { configurationFrames, frameWriter, smallPmu } from '../support/stream-frames.ts'

const topic = 'a/t/l/PMU/1'
const frame = frameWriter(smallPmu())

/** A bus whose broker answers when told to. */
class FakeBus implements Bus {
  readonly name = 'fake'
  connected = true
  lagMs = 0
  isFull = false
  readonly published: { readonly topic: string; readonly payload: Uint8Array; readonly retain: boolean }[] = []
  readonly #settled: (Settled | undefined)[] = []
  readonly #onConnect = new Set<() => void>()

  publish(to: string, payload: Uint8Array, { retain = false }: { retain?: boolean }, settled?: Settled): boolean {
    if (!this.connected || this.isFull) return false
    this.published.push({ topic: to, payload, retain })
    this.#settled.push(settled)
    return true
  }

  subscribe(): never {
    throw new Error('a producer does not subscribe')
  }

  onConnect(callback: () => void): () => void {
    this.#onConnect.add(callback)
    if (this.connected) callback()
    return () => this.#onConnect.delete(callback)
  }

  acknowledge(error?: Error): void {
    for (const settled of this.#settled.splice(0)) settled?.(error)
  }

  disconnect(): void {
    this.connected = false
    this.acknowledge(new Error('lost'))
  }

  reconnect(): void {
    this.connected = true
    for (const callback of this.#onConnect) callback()
  }

  get listeners(): number {
    return this.#onConnect.size
  }

  /** What was published since the last look: topics, a star for what is retained. */
  look(): string[] {
    return this.published.splice(0).map((each) => each.topic.replace(topic, 'S') + (each.retain ? '*' : ''))
  }
}

function openProducer(buses: readonly FakeBus[], live: { qos?: 0 | 1 } = {}) {
  let now = 0
  const metrics = createMetrics()
  const producer = new StreamProducer({ topic, buses, node: 'a/t/l/NODE/n', live }, { metrics, clock: () => now })
  const skipped = (reason: string, bus: FakeBus): number =>
    metrics.counter('phasorbus_live_skipped_total', 'as the lane has it', { stream: topic, broker: bus.name, reason })
      .value
  const at = (ms: number): void => {
    now = ms
  }
  return { producer, skipped, at }
}

describe('a stream on its way to a broker', () => {
  it('sends its configuration before its data, and all that is retained again after a reconnect', () => {
    const bus = new FakeBus()
    const { producer, skipped } = openProducer([bus])
    producer.configuration(configurationFrames(smallPmu()))
    producer.data(frame(1))
    expect(bus.look()).toEqual(['S/state/n*', 'S*', 'S'])
    bus.disconnect()
    producer.data(frame(2))
    producer.extra('header', configurationFrames(smallPmu()))
    producer.state({ online: true, rate: 50 })
    expect(bus.look()).toEqual([])
    bus.reconnect()
    producer.data(frame(3))
    expect(bus.look()).toEqual(['S/state/n*', 'S*', 'S/header*', 'S'])
    expect([skipped('disconnected', bus), skipped('connection-lost', bus)]).toEqual([1, 1])
  })

  it('skips what is late by its acknowledgements (QoS 1)', () => {
    const bus = new FakeBus()
    const { producer, skipped, at } = openProducer([bus])
    for (const ms of [0, 100, 200, 201, 300]) {
      at(ms)
      producer.data(frame(ms))
    }
    expect(bus.look()).toEqual(['S/state/n*', 'S', 'S', 'S'])
    expect(skipped('late', bus)).toBe(2)
    bus.acknowledge()
    producer.data(frame(301))
    expect(bus.look()).toEqual(['S'])
  })

  it('skips what is late by the lag of the connection (QoS 0)', () => {
    const bus = new FakeBus()
    const { producer, skipped } = openProducer([bus], { qos: 0 })
    bus.lagMs = 200
    producer.data(frame(1))
    bus.lagMs = 201
    producer.data(frame(2))
    expect(bus.look()).toEqual(['S/state/n*', 'S'])
    expect(skipped('late', bus)).toBe(1)
  })

  it('is stopped at one broker without harm to another', () => {
    const [stalled, good] = [new FakeBus(), new FakeBus()]
    const { producer, at } = openProducer([stalled, good])
    for (let ms = 0; ms < 1000; ms += 20) {
      at(ms)
      producer.data(frame(ms / 20))
      good.acknowledge()
    }
    expect(good.look().filter((each) => each === 'S')).toHaveLength(50)
    expect(stalled.look().filter((each) => each === 'S')).toHaveLength(11)
  })

  it('sends no data while a new configuration could not be sent', () => {
    const bus = new FakeBus()
    const { producer, skipped } = openProducer([bus])
    bus.look()
    bus.isFull = true
    producer.configuration(configurationFrames(smallPmu()))
    producer.data(frame(1))
    expect([bus.look(), skipped('late', bus)]).toEqual([[], 1])
    bus.isFull = false
    producer.data(frame(2))
    expect(bus.look()).toEqual(['S*', 'S'])
    producer.close('test over')
  })

  it('says why it goes, and does not come back', () => {
    const bus = new FakeBus()
    const { producer } = openProducer([bus])
    producer.close('unplugged')
    expect(parseStreamState(bus.published.at(-1)!.payload)).toMatchObject({ online: false, reason: 'unplugged' })
    bus.look()
    bus.reconnect()
    producer.state({ online: true })
    expect(bus.look()).toEqual([])
    expect(bus.listeners).toBe(0)
  })

  it('clears everything when it is retired, once the broker is there, and until it has taken it', () => {
    const bus = new FakeBus()
    const { producer } = openProducer([bus])
    bus.disconnect()
    bus.look()
    producer.retire()
    bus.reconnect()
    expect(bus.published.map((each) => [each.topic, each.payload.length, each.retain])).toEqual(
      [...retainedTopics(topic), stateTopic(topic, 'n')].map((each) => [each, 0, true]),
    )
    bus.disconnect()
    bus.look()
    bus.reconnect()
    expect(bus.look()).toHaveLength(5)
    bus.acknowledge()
    expect(bus.listeners).toBe(0)
  })
})
