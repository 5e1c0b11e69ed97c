import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  type Bus,
  CarrierWatch,
  type MessageHandler,
  StreamProducer,
  type SubscribeOptions,
} from '../../src/bus/index.ts'
import { createMetrics } from '../../src/runtime/metrics.ts'
import { CONTRACT, encodeState, parseStreamState, retainedTopics, stateTopic } from '../../src/streams/index.ts'
import { configurationFrames, frameWriter, smallPmu } from '../support/stream-frames.ts'

const topic = 'a/t/l/PMU/1'
const self = 'a/t/l/NODE/self'
const other = 'a/t/l/NODE/other'
const nothing = new Uint8Array(0)

/** A broker that keeps what is retained, and echoes it to who watches the states. */
class FakeBus implements Bus {
  readonly name = 'fake'
  readonly lagMs = 0
  connected = true
  published: string[] = []
  readonly retained = new Map<string, Uint8Array>()
  #watcher: { handler: MessageHandler; options: SubscribeOptions } | undefined
  readonly #onConnect = new Set<() => void>()

  publish(to: string, payload: Uint8Array, { retain = false }: { retain?: boolean }): boolean {
    if (!this.connected) return false
    this.published.push(to.replace(topic, 'S') + (payload.length === 0 ? ' cleared' : ''))
    if (retain) this.say(to, payload)
    return true
  }

  /** Somebody says this, on a topic of the stream. */
  say(to: string, payload: Uint8Array): void {
    this.retained.set(to, payload)
    if (to.includes('/state/')) this.#watcher?.handler(to, payload, false)
  }

  subscribe(_filter: string, handler: MessageHandler, options: SubscribeOptions = {}) {
    this.#watcher = { handler, options }
    return { granted: Promise.resolve(), close: () => {} }
  }

  onConnect(callback: () => void): () => void {
    this.#onConnect.add(callback)
    if (this.connected) callback()
    return () => this.#onConnect.delete(callback)
  }

  reconnect(): void {
    this.#watcher?.options.onLost?.()
    for (const callback of this.#onConnect) callback()
  }

  look(): string[] {
    return this.published.splice(0)
  }
}

const stateOf = (node: string, online: boolean): Uint8Array =>
  encodeState({ contract: CONTRACT, online, rate: 50, node, journal: null })

const open = () => {
  const bus = new FakeBus()
  const producer = new StreamProducer(
    { topic, buses: [bus], node: self, carriers: new CarrierWatch() },
    { metrics: createMetrics() },
  )
  producer.configuration(configurationFrames(smallPmu()))
  bus.look()
  return { bus, producer }
}
const journalOf = (bus: FakeBus): unknown => parseStreamState(bus.retained.get(stateTopic(topic, 'self'))!).journal

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

describe('what is retained of a stream', () => {
  it('is said again: the state every 10 s, all of it every 30 s', () => {
    const { bus, producer } = open()
    producer.state({ online: true, rate: 50 })
    bus.look()
    vi.advanceTimersByTime(10_000)
    expect(bus.look()).toEqual(['S/state/self'])
    vi.advanceTimersByTime(20_000)
    expect(bus.look()).toEqual(['S/state/self', 'S/state/self', 'S'])
    producer.close('test over')
    bus.look()
    vi.advanceTimersByTime(60_000)
    expect(bus.look()).toEqual([])
  })

  it('has the span of the journal: at once that there is one, how far it goes every 10 s', () => {
    const { bus, producer } = open()
    vi.advanceTimersByTime(10_000)
    bus.look()
    producer.journal({ fromUs: 1_000_000, toUs: 2_000_000 })
    expect(bus.look()).toEqual(['S/state/self'])
    for (let toUs = 2_000_000; toUs < 3_000_000; toUs += 20_000) producer.journal({ fromUs: 1_000_000, toUs })
    expect(bus.look()).toEqual([])
    vi.advanceTimersByTime(10_000)
    expect(journalOf(bus)).toEqual({ from: '1970-01-01T00:00:01.000Z', to: '1970-01-01T00:00:02.980Z' })
    producer.journal({ fromUs: 1_000_000, toUs: 4_000_000 })
    producer.state({ online: true })
    expect(journalOf(bus)).toEqual({ from: '1970-01-01T00:00:01.000Z', to: '1970-01-01T00:00:04.000Z' })
    producer.journal(undefined)
    expect(journalOf(bus)).toBeNull()
  })

  it('is published anew when somebody overwrites the state, without a fight', () => {
    const { bus, producer } = open()
    producer.state({ online: true, rate: 50 })
    vi.advanceTimersByTime(30_000)
    bus.look()
    let sent = 0
    // Somebody who insists.
    const insisting = setInterval(() => bus.say(stateTopic(topic, 'self'), stateOf(self, false)), 100)
    vi.advanceTimersByTime(60_000)
    clearInterval(insisting)
    sent = bus.look().filter((each) => each === 'S').length
    expect(sent).toBeGreaterThanOrEqual(5)
    expect(sent).toBeLessThanOrEqual(9)
    vi.advanceTimersByTime(10_000)
    expect(parseStreamState(bus.retained.get(stateTopic(topic, 'self'))!).online).toBe(true)
  })

  it('is published anew when another node clears what it had of the stream', () => {
    const { bus, producer } = open()
    producer.state({ online: true, rate: 50 })
    bus.say(stateTopic(topic, 'other'), stateOf(other, true))
    bus.look()
    bus.say(stateTopic(topic, 'other'), nothing)
    vi.advanceTimersByTime(1_000)
    expect(bus.look()).toContain('S')
  })

  it('is not repeated while its source is away and another node knows better', () => {
    const { bus, producer } = open()
    producer.state({ online: true, rate: 50 })
    producer.state({ online: false, reason: 'LINK_SILENT' })
    bus.look()
    bus.reconnect()
    bus.say(stateTopic(topic, 'other'), stateOf(other, true))
    vi.advanceTimersByTime(60_000)
    expect(new Set(bus.look())).toEqual(new Set(['S/state/self']))
    producer.state({ online: true })
    producer.data(frameWriter(smallPmu())(1))
    expect(bus.look()).toEqual(['S', 'S/state/self', 'S'])
  })

  it('is repeated after a reconnect while its source is away, where nobody else has it', () => {
    const { bus } = open()
    bus.reconnect()
    expect(bus.look()).toEqual(['S/state/self'])
    vi.advanceTimersByTime(1_000)
    expect(bus.look()).toContain('S')
  })

  it('is left alone by who retires it while another node is online with it', () => {
    const { bus, producer } = open()
    bus.say(stateTopic(topic, 'other'), stateOf(other, true))
    bus.look()
    producer.retire()
    expect(bus.look()).toEqual(['S/state/self cleared'])
  })

  it('is cleared by who retires it when the other node is gone, with what that one left', async () => {
    const { bus, producer } = open()
    bus.say(stateTopic(topic, 'other'), stateOf(other, false))
    bus.look()
    producer.retire()
    await vi.advanceTimersByTimeAsync(2_000)
    expect(bus.look().slice(1)).toEqual(
      [...retainedTopics(topic), stateTopic(topic, 'self'), stateTopic(topic, 'other')].map(
        (each) => `${each.replace(topic, 'S')} cleared`,
      ),
    )
  })
})
