import { connectAsync, type MqttClient } from 'mqtt'
import { BrokerConfig, type SessionLane, type SessionLaneDeps, startSessionLane } from '../../src/bus/index.ts'
import type { TestBroker } from './brokers.ts'
import { type TestDeps, testDeps } from './deps.ts'
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts'
import { Watched } from './watched.ts'

/** A number as a message. */
export function numbered(value: number): Buffer {
  const payload = Buffer.alloc(60)
  payload.writeUInt32BE(value)
  return payload
}
const numberIn = (payload: Uint8Array): number => Buffer.from(payload).readUInt32BE()

export type SessionCall = { readonly as: 'live' | 'late' | 'retained'; readonly topic: string; readonly value: number }

/** What a lane gave, in order. */
export class SessionRecord extends Watched {
  readonly calls: SessionCall[] = []
  readonly events: string[] = []

  readonly sink: Pick<SessionLaneDeps, 'live' | 'late' | 'onGranted' | 'onLost' | 'onForgotten' | 'onDrained'> = {
    live: (topic, payload, retained) => this.call(retained ? 'retained' : 'live', topic, numberIn(payload)),
    late: (topic, payload) => this.call('late', topic, numberIn(payload)),
    onGranted: () => this.event('granted'),
    onLost: () => this.event('lost'),
    onForgotten: () => this.event('forgotten'),
    onDrained: () => this.event('drained'),
  }

  values(as?: SessionCall['as']): number[] {
    return this.calls.filter((call) => (as === undefined ? call.as !== 'retained' : call.as === as)).map((c) => c.value)
  }

  count(event: string): number {
    return this.events.filter((each) => each === event).length
  }

  call(as: SessionCall['as'], topic: string, value: number): void {
    this.calls.push({ as, topic, value })
    this.changed()
  }

  event(event: string): void {
    this.events.push(event)
    this.changed()
  }
}

/** A publisher that knows nothing of us. */
export interface Publisher extends AsyncDisposable {
  /** Resolves when the broker has them all. */
  send(topic: string, from: number, to: number): Promise<void>
  /** One after the other, every few milliseconds, until told to stop; resolves with the next number. */
  stream(topic: string, from: number, perMs?: number): { stop(): Promise<number> }
  readonly client: MqttClient
}

export async function startPublisher(url: string): Promise<Publisher> {
  const client = await connectAsync(url, { reconnectPeriod: 50 })
  const send = async (topic: string, from: number, to: number): Promise<void> => {
    const sent: Promise<unknown>[] = []
    for (let value = from; value < to; value++) sent.push(client.publishAsync(topic, numbered(value), { qos: 1 }))
    await Promise.all(sent)
  }
  return {
    client,
    send,
    stream(topic, from, perMs = 0.2) {
      const began = performance.now()
      let [next, sending] = [from, Promise.resolve()]
      const timer = setInterval(() => {
        const due = from + Math.floor((performance.now() - began) * perMs)
        const first = next
        next = Math.max(next, due)
        sending = Promise.all([sending, send(topic, first, next)]).then(() => {})
      }, 5)
      return {
        async stop() {
          clearInterval(timer)
          await sending
          return next
        },
      }
    },
    [Symbol.asyncDispose]: () => client.endAsync(true),
  }
}

export interface RecordedLane extends AsyncDisposable {
  readonly lane: SessionLane
  readonly record: SessionRecord
  readonly proxy: TcpProxy
  readonly deps: TestDeps
  stop(): Promise<void>
}

/** A session through a proxy of its own, steady unless told otherwise. */
export async function startRecordedLane(
  broker: TestBroker,
  clientId: string,
  filters: readonly string[],
  more: Partial<SessionLaneDeps> = {},
  settings: Partial<BrokerConfig> = {},
): Promise<RecordedLane> {
  const proxy = await startTcpProxy(broker.url)
  const deps = testDeps(more.log)
  const record = new SessionRecord()
  const config = BrokerConfig.parse({ url: proxy.url, retry: { firstDelayMs: 10, maxDelayMs: 100 }, ...settings })
  const lane = startSessionLane({ broker: config, clientId, filters }, { ...deps, ...record.sink, ...more })
  const stop = async (): Promise<void> => {
    deps.abort()
    await lane.done
  }
  return {
    lane,
    record,
    proxy,
    deps,
    stop,
    async [Symbol.asyncDispose]() {
      await stop()
      await proxy[Symbol.asyncDispose]()
    },
  }
}
