import { randomUUID } from 'node:crypto'
import type { BrokerConfig } from '../config/bus.ts'
import { monotonicMs } from '../runtime/clock.ts'
import type { Running, ServiceDeps } from '../runtime/service.ts'
import { nodeStateTopic, nodeTopic } from '../streams/index.ts'
import type { Bus, MessageHandler, NodeBus, PublishOptions, Settled, SubscribeOptions, Subscription } from './bus.ts'
import { retireGhosts } from './ghost-streams.ts'
import { addressesOf, brokerName } from './link-settings.ts'
import { type ConnectionDeps, chooseAddress, MqttConnection } from './mqtt-connection.ts'
import type { MqttLink } from './mqtt-link.ts'
import type { NearestFirst } from './nearest-first.ts'
import { type BusNode, clientIdOf, type NodePresence, offlineNode, onlineNode, willOf } from './node-presence.ts'
import { watchOwnState } from './own-state.ts'
import { RenewalPace } from './renewal-pace.ts'
import { SubscriptionEntry } from './subscriptions.ts'

/** An emptied second connection is kept this long: readers ask for one stream after the other. */
const LINGER_MS = 5000

export interface BusDeps extends ServiceDeps {
  /**
   * Whose presence this connection shows: its will, and its state when it comes
   * and goes. Without it the connection leaves no trace: for who only looks.
   */
  readonly node?: BusNode
  /**
   * What a further connection of the node is for: a level of a topic, part of
   * its client id. It shows no presence; the node's first connection does.
   */
  readonly role?: string
}

/**
 * Connects to a broker and stays connected. When the signal aborts, the node's
 * state becomes offline and the connection ends cleanly; what is published
 * synchronously by other listeners of that signal still goes out before.
 */
export function startBus(config: BrokerConfig, deps: BusDeps): NodeBus & Running {
  return new MqttBus(config, deps)
}

/** For who holds several of them. */
export interface MqttBusHooks {
  /** Names of all brokers of the node. Default: this one. */
  readonly brokers?: readonly string[]
  /** The connection is there; subscriptions are asked for. */
  readonly onUp?: () => void
  /** It is gone; who subscribed knows. */
  readonly onDown?: () => void
  /** It could not be had. */
  readonly onRefused?: () => void
}

export class MqttBus implements NodeBus, Running {
  readonly name: string
  readonly done: Promise<void>
  readonly #config: BrokerConfig
  readonly #deps: BusDeps
  readonly #clientId: string
  readonly #choice: NearestFirst
  readonly #announce: (link: MqttLink) => void
  readonly #primary: MqttConnection
  /** For subscriptions that overlap: brokers differ in how often one connection gets a message then. */
  readonly #others = new Map<MqttConnection, AbortController>()
  #lastOther = 0
  readonly #onConnect = new Set<() => void>()
  readonly #renewals = new RenewalPace()

  constructor(config: BrokerConfig, deps: BusDeps, hooks: MqttBusHooks = {}) {
    this.name = brokerName(config.url)
    this.#config = config
    this.#deps = deps
    const { role, metrics, log, signal } = deps
    const node = role === undefined ? deps.node : undefined
    const presence = { since: new Date(), brokers: hooks.brokers ?? [this.name] }
    const labels = { broker: this.name, role: role ?? 'node' }
    const connects = metrics.counter('phasorbus_bus_connects_total', 'Connections made to a broker.', labels)
    const connected = metrics.gauge('phasorbus_bus_connected', '1 while connected to the broker.', labels)
    this.#clientId = deps.node ? clientIdOf(deps.node, role) : `phasorbus_${randomUUID()}`

    this.#choice = chooseAddress(config)
    this.#primary = new MqttConnection(config, {
      watchesNearer: true,
      choice: this.#choice,
      signal,
      log,
      clientId: this.#clientId,
      role: labels.role,
      ...(node && farewells(node, presence)),
      onUp: (link) => {
        connects.add()
        connected.set(1)
        this.#announce(link)
        for (const callback of this.#onConnect) callback()
        hooks.onUp?.()
      },
      onDown: () => {
        connected.set(0)
        hooks.onDown?.()
      },
      ...(hooks.onRefused && { onRefused: hooks.onRefused }),
    })
    this.#announce = (link) => {
      // It has said goodbye, or is about to.
      if (!node || signal.aborted) return
      link.publish(nodeStateTopic(nodeTopic(node)), onlineNode(node, presence), { qos: 1, retain: true })
    }
    const look: Bus['subscribe'] = (...what) => this.#subscribe(this.#primary, true, ...what)
    if (node?.streams) retireGhosts(this, look, node, log)
    // One address ends the old connection of a client id before it takes the new.
    if (node && addressesOf(config).length > 1) watchOwnState(node, look, () => this.announce())
    this.done = this.#primary.done.then(async () => {
      for (const stop of this.#others.values()) stop.abort()
      await Promise.all([...this.#others.keys()].map((other) => other.done))
    })
  }

  get connected(): boolean {
    return this.#primary.link?.up ?? false
  }

  get lagMs(): number {
    return this.#primary.link?.lagMs ?? 0
  }

  publish(topic: string, payload: Uint8Array, options: PublishOptions, settled?: Settled): boolean {
    return this.#primary.link?.publish(topic, payload, options, settled) ?? false
  }

  subscribe(filter: string, handler: MessageHandler, options: SubscribeOptions = {}): Subscription {
    return this.#subscribe(this.#connectionFor(filter), false, filter, handler, options)
  }

  announce(): void {
    if (this.#primary.link) this.#announce(this.#primary.link)
  }

  renew(): boolean {
    if (!this.connected || !this.#renewals.take(monotonicMs())) return false
    const { log, metrics, role = 'node' } = this.#deps
    log.warn({ broker: this.name, role }, 'nothing comes over a connection that looks healthy: a new one is made')
    metrics
      .counter('phasorbus_bus_renewals_total', 'Connections given up for new ones, because nothing came that should.', {
        broker: this.name,
        role,
      })
      .add()
    for (const connection of [this.#primary, ...this.#others.keys()]) connection.renew()
    return true
  }

  onConnect(callback: () => void): () => void {
    this.#onConnect.add(callback)
    if (this.connected) callback()
    return () => this.#onConnect.delete(callback)
  }

  #subscribe(
    connection: MqttConnection,
    isGuest: boolean,
    filter: string,
    handler: MessageHandler,
    options: SubscribeOptions = {},
  ): Subscription {
    const onClose = (entry: SubscriptionEntry): void => {
      connection.unsubscribe(entry)
      this.#lingerIfEmpty(connection)
    }
    const entry = new SubscriptionEntry(filter, handler, options, onClose, isGuest)
    connection.subscribe(entry)
    return entry
  }

  #connectionFor(filter: string): MqttConnection {
    for (const connection of [this.#primary, ...this.#others.keys()]) {
      if (!connection.subscriptions.overlaps(filter)) return connection
    }
    const stop = new AbortController()
    this.#lastOther++
    const connection = new MqttConnection(this.#config, {
      signal: AbortSignal.any([this.#deps.signal, stop.signal]),
      log: this.#deps.log,
      clientId: `${this.#clientId}_${this.#lastOther}`,
      role: `${this.#deps.role ?? 'node'}-${this.#lastOther}`,
      choice: this.#choice,
    })
    this.#others.set(connection, stop)
    return connection
  }

  #lingerIfEmpty(connection: MqttConnection): void {
    const stop = this.#others.get(connection)
    if (!stop || connection.subscriptions.size > 0) return
    const timer = setTimeout(() => {
      if (connection.subscriptions.size > 0) return
      this.#others.delete(connection)
      stop.abort()
    }, LINGER_MS)
    timer.unref()
  }
}

/** How a node that goes is known to have gone: by its last words, or by its will. */
function farewells(node: BusNode, presence: NodePresence): Pick<ConnectionDeps, 'will' | 'goodbye'> {
  const topic = nodeStateTopic(nodeTopic(node))
  return {
    will: { topic, payload: Buffer.from(willOf(node, presence)), qos: 1, retain: true },
    goodbye: (link) => farewell(link, topic, offlineNode(node, presence, 'stopped')),
  }
}

/** PUBACKs come in order: with this one, everything before it has arrived. */
function farewell(link: MqttLink, topic: string, payload: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    if (!link.publish(topic, payload, { qos: 1, retain: true }, () => resolve())) resolve()
  })
}
