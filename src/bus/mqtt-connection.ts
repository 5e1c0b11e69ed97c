/** A connection to one broker that comes back: link after link, the subscriptions made anew on each. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { IClientOptions } from 'mqtt'
import type { BrokerConfig } from '../config/bus.ts'
import { whenAborted } from '../runtime/aborted.ts'
import { monotonicMs } from '../runtime/clock.ts'
import { retryUntilAborted } from '../runtime/retry.ts'
import type { Log, Running } from '../runtime/service.ts'
import { openBrokerSocket } from './broker-socket.ts'
import { BusError } from './bus-error.ts'
import { brokerName, linkSettings } from './link-settings.ts'
import { MqttLink } from './mqtt-link.ts'
import { type SubscriptionEntry, SubscriptionSet } from './subscriptions.ts'

/** A connection that lasted this long was a good one: the next wait starts small again. */
const STABLE_MS = 5000
/** How long a clean stop waits for the broker. */
const GOODBYE_MS = 1000

export interface ConnectionDeps {
  readonly signal: AbortSignal
  readonly log: Log
  readonly clientId: string
  readonly will?: NonNullable<IClientOptions['will']>
  /** The link is up; its subscriptions are asked for, so what is retained now comes before what this publishes. */
  readonly onUp?: (link: MqttLink) => void
  readonly onDown?: () => void
  /** The last words before DISCONNECT. */
  readonly goodbye?: (link: MqttLink) => Promise<void>
}

export class MqttConnection implements Running {
  readonly #config: BrokerConfig
  readonly #deps: ConnectionDeps
  readonly #name: string
  readonly #entries: SubscriptionSet
  #link: MqttLink | undefined
  readonly done: Promise<void>

  constructor(config: BrokerConfig, deps: ConnectionDeps) {
    this.#config = config
    this.#deps = deps
    this.#name = brokerName(config.url)
    this.#entries = new SubscriptionSet((error, topic) =>
      deps.log.error({ error, topic, broker: this.#name }, 'a message handler threw'),
    )
    this.done = retryUntilAborted((established) => this.#session(established), {
      ...config.retry,
      signal: deps.signal,
      onFailure: (error, delayMs) => deps.log.warn({ error, broker: this.#name, delayMs }, 'broker connection lost'),
    })
  }

  /** The link while it is up. */
  get link(): MqttLink | undefined {
    return this.#link
  }

  get subscriptions(): SubscriptionSet {
    return this.#entries
  }

  subscribe(entry: SubscriptionEntry): void {
    this.#entries.add(entry)
    if (this.#link) this.#request(this.#link, entry)
  }

  unsubscribe(entry: SubscriptionEntry): void {
    this.#entries.delete(entry)
    if (!this.#entries.has(entry.filter)) this.#link?.unsubscribe(entry.filter)
  }

  async #session(established: () => void): Promise<void> {
    const { clientId, will, signal } = this.#deps
    const { url, connectTimeoutMs } = this.#config
    const { client, credentials, deadMs } = await linkSettings(this.#config)
    const link = new MqttLink({
      name: this.#name,
      socket: openBrokerSocket(url, credentials, connectTimeoutMs),
      client: { ...client, clientId, ...(will === undefined ? {} : { will }) },
      maxBufferedBytes: this.#config.maxBufferedBytes,
      deadMs,
      onMessage: (topic, payload, retained) => this.#entries.deliver(topic, payload, retained),
    })
    const aborted = whenAborted(signal)
    try {
      await Promise.race([link.opened, aborted.promise])
      if (signal.aborted) return
      const since = monotonicMs()
      this.#up(link)
      const lost = await Promise.race([link.closed, aborted.promise])
      if (monotonicMs() - since > STABLE_MS) established()
      if (lost) throw lost
      await this.#stop(link)
    } finally {
      aborted.forget()
      this.#down()
      link.destroy()
      await link.closed
    }
  }

  #up(link: MqttLink): void {
    this.#link = link
    this.#deps.log.info({ broker: this.#name }, 'connected to broker')
    for (const entry of this.#entries) this.#request(link, entry)
    this.#deps.onUp?.(link)
  }

  #down(): void {
    if (!this.#link) return
    this.#link = undefined
    for (const entry of this.#entries) entry.lost()
    this.#deps.onDown?.()
  }

  /** Whoever stops by the same signal may still publish in the turn in which it aborted. */
  async #stop(link: MqttLink): Promise<void> {
    await nextTurn()
    const timer = new AbortController()
    await Promise.race([this.#deps.goodbye?.(link), sleepUntil(GOODBYE_MS, timer.signal), link.closed])
    timer.abort()
    await link.disconnect(GOODBYE_MS)
  }

  #request(link: MqttLink, entry: SubscriptionEntry): void {
    link.subscribe(entry.filter, entry.qos).then(
      () => {
        if (this.#link === link) entry.grant()
      },
      (error) => {
        if (!(error instanceof BusError) || error.code !== 'BUS_SUBSCRIPTION_REFUSED') return
        this.#deps.log.warn(error.facts, 'subscription refused')
        entry.refuse(error)
      },
    )
  }
}

function sleepUntil(delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, delayMs)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}
