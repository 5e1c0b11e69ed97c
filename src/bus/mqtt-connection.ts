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
import { ConnectionLog } from './connection-log.ts'
import { clearLeftBehind } from './left-behind.ts'
import { addressesOf, brokerName, linkSettings, returnSettings } from './link-settings.ts'
import { MqttLink } from './mqtt-link.ts'
import { watchNearer } from './nearer-address.ts'
import { NearestFirst } from './nearest-first.ts'
import { type SubscriptionEntry, SubscriptionSet } from './subscriptions.ts'

/** A connection that lasted this long was a good one: the next wait starts small again. */
const STABLE_MS = 1000
/** A subscription that was refused is asked for again after this: clusters refuse what they cannot do now. */
const REFUSED_PAUSE_MS = 1000
/** So often; then each time twice as late: it may not be allowed. A cluster of NATS takes 4 s to refuse one, and 30 s to recover. */
const REFUSED_QUICKLY = 10
const MAX_REFUSED_PAUSE_MS = 60_000
/** How long a clean stop waits for the broker. */
const GOODBYE_MS = 1000

export interface ConnectionDeps {
  readonly signal: AbortSignal
  readonly log: Log
  readonly clientId: string
  /** For the log: what it is for. */
  readonly role?: string
  /** Which address is used, where several connections share it: see {@link chooseAddress}. */
  readonly choice?: NearestFirst
  /** Goes back to a nearer address. Of several connections that share a choice, one does. */
  readonly watchesNearer?: boolean
  readonly will?: NonNullable<IClientOptions['will']>
  /** The link is up; its subscriptions are asked for, so what is retained now comes before what this publishes. */
  readonly onUp?: (link: MqttLink) => void
  readonly onDown?: () => void
  /** No address took a connection. */
  readonly onRefused?: () => void
  /** The last words before DISCONNECT. */
  readonly goodbye?: (link: MqttLink) => Promise<void>
}

export class MqttConnection implements Running {
  readonly #config: BrokerConfig
  readonly #deps: ConnectionDeps
  readonly #name: string
  readonly #entries: SubscriptionSet
  readonly #addresses: readonly string[]
  readonly #choice: NearestFirst
  readonly #told: ConnectionLog
  /** Addresses where a connection was cut, and its client id not used since. */
  readonly #cut = new Set<number>()
  #renew: (() => void) | undefined
  /** The last link was given up, and may only have been busy. */
  #isPatient = false
  #link: MqttLink | undefined
  readonly done: Promise<void>

  constructor(config: BrokerConfig, deps: ConnectionDeps) {
    this.#config = config
    this.#deps = deps
    this.#name = brokerName(config.url)
    this.#addresses = addressesOf(config)
    this.#told = new ConnectionLog(deps.log, this.#name, deps.role ?? 'node')
    this.#choice = deps.choice ?? chooseAddress(config)
    this.#entries = new SubscriptionSet((error, topic) =>
      deps.log.error({ error, topic, broker: this.#name }, 'a message handler threw'),
    )
    this.done = retryUntilAborted((established) => this.#session(established), {
      ...config.retry,
      signal: deps.signal,
      onFailure: (error, delayMs) => this.#told.lost(error, delayMs),
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

  /** Leaves the link for a new one, by the next address where there are several: it looks healthy, and is not. */
  renew(): void {
    this.#renew?.()
  }

  /** Until the connection is lost or the abort; goes over to a nearer address that works again. */
  async #session(established: () => void): Promise<void> {
    while (!this.#deps.signal.aborted) if (!(await this.#connect(established))) return
  }

  /** By the first address that takes it. Returns whether to connect again at once. */
  async #connect(established: () => void): Promise<boolean> {
    const { signal, log, onRefused } = this.#deps
    let failure: unknown
    for (const index of this.#choice.order()) {
      const link = await this.#open(index)
      const aborted = whenAborted(signal)
      let wasUp = false
      try {
        await Promise.race([link.opened, aborted.promise])
        if (signal.aborted) return false
        wasUp = true
        return await this.#use(link, index, aborted.promise, established)
      } catch (error) {
        this.#choice.failed(index, monotonicMs())
        if (this.#link) {
          this.#cut.add(index)
          throw error
        }
        failure = error
        log.debug({ error, broker: this.#name }, 'an address of the broker does not work')
      } finally {
        aborted.forget()
        this.#down()
        link.destroy()
        await link.closed
        // One that nobody took says nothing of it.
        if (wasUp) this.#isPatient = link.wasBusy
      }
    }
    onRefused?.()
    throw failure
  }

  /** Without `id` it is for use; with one, just to see or to clear something. */
  async #open(index: number, id?: string): Promise<MqttLink> {
    const { clientId, will } = this.#deps
    const { client, credentials, deadMs } = await linkSettings(this.#config)
    const url = this.#addresses[index]!
    const isOwn = id === undefined
    return new MqttLink({
      name: brokerName(url),
      socket: openBrokerSocket(url, credentials, this.#config.connectTimeoutMs),
      client: { ...client, clientId: id ?? clientIdAt(clientId, index), ...(isOwn && will !== undefined && { will }) },
      maxBufferedBytes: this.#config.maxBufferedBytes,
      deadMs,
      isPatient: this.#isPatient,
      onMessage: (topic, payload, retained) => this.#entries.deliver(topic, payload, retained),
    })
  }

  /** Throws when the connection is lost. */
  async #use(link: MqttLink, index: number, aborted: Promise<undefined>, established: () => void): Promise<boolean> {
    const { clientId } = this.#deps
    const since = monotonicMs()
    this.#choice.used(index, since)
    this.#cut.delete(index)
    this.#up(link)
    const nearer = new AbortController()
    this.#clearCut(index, nearer.signal)
    const renewal = new Promise<'renew'>((resolve) => {
      this.#renew = () => resolve('renew')
    })
    const returning = new Promise<number>((resolve) => {
      if (!this.#deps.watchesNearer) return
      watchNearer(index, resolve, {
        choice: this.#choice,
        open: (other) => this.#open(other, `${clientId}_probe${other}`),
        retry: this.#config.retry,
        signal: nearer.signal,
      })
    })
    try {
      const end = await Promise.race([link.closed, aborted, returning, renewal])
      if (monotonicMs() - since > STABLE_MS) established()
      if (end === 'renew') this.#choice.failed(index, monotonicMs())
      else if (typeof end === 'number') this.#choice.returned(index, end)
      else if (end) throw end
      else {
        await this.#stop(link)
        return false
      }
      const [from, to] = [link.name, typeof end === 'number' ? brokerName(this.#addresses[end]!) : undefined]
      this.#deps.log.info({ broker: this.#name, from, to }, to ? 'back to a nearer address' : 'connection given up')
      await link.disconnect(GOODBYE_MS)
      return true
    } finally {
      this.#renew = undefined
      nearer.abort()
    }
  }

  /** While the address `current` is used. */
  #clearCut(current: number, signal: AbortSignal): void {
    const { clientId, log } = this.#deps
    for (const left of this.#cut) {
      clearLeftBehind(left, current, {
        open: (address, as) => this.#open(address, clientIdAt(clientId, as)),
        retry: this.#config.retry,
        signal,
      }).then(
        (isDone) => {
          if (isDone) this.#cut.delete(left)
        },
        (error: unknown) => log.warn({ error, broker: this.#name }, 'cannot clear what a cut connection left'),
      )
    }
  }

  #up(link: MqttLink): void {
    this.#link = link
    this.#told.made(link.name)
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

  #request(link: MqttLink, entry: SubscriptionEntry, refusals = 0): void {
    link.subscribe(entry.filter, entry.qos).then(
      () => {
        if (this.#link === link) entry.grant()
      },
      (error) => {
        if (!(error instanceof BusError) || error.code !== 'BUS_SUBSCRIPTION_REFUSED') return
        this.#deps.log[refusals === 0 ? 'warn' : 'debug'](error.facts, 'subscription refused')
        entry.refuse(error)
        const again = (): void => {
          if (this.#link !== link || entry.isClosed) return
          this.#request(link, entry, refusals + 1)
        }
        const pauseMs = REFUSED_PAUSE_MS * 2 ** Math.max(0, refusals + 1 - REFUSED_QUICKLY)
        setTimeout(again, Math.min(pauseMs, MAX_REFUSED_PAUSE_MS)).unref()
      },
    )
  }
}

/**
 * Of each address its own: in a RabbitMQ cluster the queue of a client id has
 * its home where it was first used, and while that node is down nobody can
 * subscribe under that id anywhere.
 */
const clientIdAt = (clientId: string, address: number): string =>
  address === 0 ? clientId : `${clientId}_at${address}`

/** By the settings of the broker. */
export const chooseAddress = (config: BrokerConfig): NearestFirst =>
  new NearestFirst(addressesOf(config).length, returnSettings(config))

function sleepUntil(delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, delayMs)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}
