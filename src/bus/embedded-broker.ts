/**
 * An MQTT 3.1.1 broker inside this process (aedes), for one machine. It keeps
 * retained messages while it runs and no sessions; nobody can make it grow
 * beyond its configured bounds, and nobody's stall is another's.
 */

import type { EventEmitter } from 'node:events'
import type { Duplex } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Aedes, type AedesPublishPacket, type AuthenticateError, type Client } from 'aedes'
import { isLoopback } from '../config/address.ts'
import { EmbeddedBrokerConfig } from '../config/bus.ts'
import { aborted } from '../runtime/aborted.ts'
import { OccasionalLog } from '../runtime/occasional-log.ts'
import type { Counter, Running, ServiceDeps } from '../runtime/service.ts'
import { nodeStateTopic, nodeTopic } from '../streams/index.ts'
import { BrokerAccess, type MayRead } from './broker-access.ts'
import { type BrokerAddress, type Listener, listen, readTls } from './broker-listener.ts'
import { type CheckUser, loadUsers } from './broker-users.ts'
import type { NodeBus } from './bus.ts'
import { EmbeddedBus } from './embedded-bus.ts'
import { meter } from './meter.ts'
import { type MqttWebSockets, mqttWebSockets } from './mqtt-websocket.ts'
import { type BusNode, offlineNode, onlineNode } from './node-presence.ts'
import { RetainedStore } from './retained-store.ts'
import { SessionlessPersistence } from './sessionless-persistence.ts'
import { TopicEmitter } from './topic-emitter.ts'

export interface EmbeddedBroker extends Running {
  readonly addresses: readonly BrokerAddress[]
  /**
   * The broker without a socket, for a stage in this process. Shows the node's
   * presence until its signal aborts, or the broker's.
   */
  bus(node: BusNode, signal?: AbortSignal): NodeBus
  /**
   * MQTT over WebSocket at somebody else's HTTP server, for those who may read and
   * nothing else, whatever the users of the broker are. Only pages of that server may connect.
   */
  readers(options: ReaderOptions): MqttWebSockets
}

export interface ReaderOptions {
  readonly mayRead: MayRead
  /** That server listens on loopback. */
  readonly isLoopback: boolean
}

/** Resolves when it listens; rejects when it cannot. */
export async function startEmbeddedBroker(settings: EmbeddedBrokerConfig, deps: ServiceDeps): Promise<EmbeddedBroker> {
  const config = EmbeddedBrokerConfig.parse(settings)
  const [checkUser, tls] = await Promise.all([loadUsers(config.users), readTls(config.tls)])
  const core = new BrokerCore(config, checkUser, deps)
  await core.aedes.listen()
  const listeners: Listener[] = []
  try {
    for (const { transport, host, port } of config.listen) {
      const { connectTimeoutMs, maxPacketBytes, maxConnections } = config
      listeners.push(
        await listen({
          transport,
          host,
          port,
          tls,
          connectTimeoutMs,
          maxPacketBytes,
          maxConnections,
          accept: core.accept,
          pages: { origins: config.origins, isLoopback: isLoopback(host) },
          onRefused: core.onRefusedPage,
        }),
      )
    }
  } catch (error) {
    await Promise.all(listeners.map((listener) => listener.close()))
    await core.close()
    throw error
  }
  const addresses = listeners.map(({ address }) => address)
  deps.log.info({ addresses: addresses.map(({ url }) => url) }, 'embedded broker listens')

  const leaves = new Set<() => void>()
  const done = aborted(deps.signal).then(async () => {
    // What others publish when the same signal aborts still goes out.
    await nextTurn()
    for (const leave of leaves) leave()
    await nextTurn()
    await core.close()
    await Promise.all(listeners.map((listener) => listener.close()))
  })

  return {
    addresses,
    done,
    bus(node, signal) {
      const bus = new EmbeddedBus({ aedes: core.aedes, emitter: core.emitter, retained: core.retained, log: deps.log })
      const topic = nodeStateTopic(nodeTopic(node))
      const presence = { since: new Date(), brokers: [bus.name] }
      const publish = (payload: Uint8Array): boolean => bus.publish(topic, payload, { qos: 1, retain: true })
      const announce = (): void => void publish(onlineNode(node, presence))
      announce()
      const leave = (): void => {
        if (!leaves.delete(leave)) return
        publish(offlineNode(node, presence, 'stopped'))
        bus.disconnect()
      }
      leaves.add(leave)
      // As above: a turn later.
      if (signal)
        void aborted(signal)
          .then(() => nextTurn())
          .then(leave)
      return Object.assign(bus, { announce })
    },
    readers: ({ mayRead, isLoopback }) =>
      mqttWebSockets({
        maxPacketBytes: config.maxPacketBytes,
        pages: { origins: [], isLoopback },
        accept: (connection, address) => core.acceptReader(connection, address, mayRead),
        onRefused: core.onRefusedPage,
      }),
  }
}

/** aedes with its bounds. */
class BrokerCore {
  readonly emitter = new TopicEmitter<AedesPublishPacket>()
  readonly retained: RetainedStore
  readonly aedes: Aedes
  readonly #config: EmbeddedBrokerConfig
  readonly #deps: ServiceDeps
  readonly #access: BrokerAccess
  readonly #warnings: OccasionalLog
  readonly #open = new Set<Duplex>()
  /** Who subscribed last. */
  #subscriber!: Duplex

  constructor(config: EmbeddedBrokerConfig, checkUser: CheckUser, deps: ServiceDeps) {
    this.#config = config
    this.#deps = deps
    this.retained = new RetainedStore(config)
    this.#access = new BrokerAccess(checkUser, config.maxFilters)
    this.#warnings = new OccasionalLog(deps.log)
    const { log } = deps
    this.aedes = new Aedes({
      mq: this.emitter,
      persistence: new SessionlessPersistence(
        this.retained,
        (topic) => this.#refuseRetained(topic),
        () => this.#subscriber,
      ),
      concurrency: 0,
      connectTimeout: config.connectTimeoutMs,
      drainTimeout: config.drainTimeoutMs,
      preConnect: (client, packet, done) => {
        // No sessions here: each would be a queue that grows while its client is away.
        packet.clean = true
        packet.clientId = this.#access.clientIdOf(client.conn, packet.clientId)
        done(null, true)
      },
      authenticate: (client, username, password, done) => {
        const access = this.#access.admit(client, username, password)
        if (!access) {
          this.#dropped('unauthorised').add()
          this.#warnings.warn({ client: client.id, username }, 'refused a client: user or password is wrong')
        }
        done(access ? null : BAD_USER, access !== false)
      },
      authorizeSubscribe: (client, subscription, done) => {
        const may = client === null || this.#maySubscribe(client, subscription.topic)
        done(null, may ? subscription : null)
      },
      authorizePublish: (client, packet, done) => {
        if (client && !this.#access.mayPublish(client)) {
          this.#dropped('read-only').add()
          done(new Error('this user may only read'))
        } else if (packet.topic.startsWith('$')) done(new Error('$ topics belong to the broker'))
        else if (packet.retain && !this.retained.fits(packet.topic, packet.payload as Uint8Array)) {
          this.#refuseRetained(packet.topic)
          done(new Error('no room for another retained message'))
        } else done(null)
      },
      authorizeForward: (client, packet) => (!wasCleared(packet) && this.#keepsUp(client) ? packet : null),
    })
    this.aedes.on('clientError', (client, error) => this.#lost(client.id, error))
    this.aedes.on('connectionError', (_client, error) => this.#lost(undefined, error))
    // aedes does not say for whom it wants what is retained; it says this just before.
    this.aedes.on('subscribe', (_filters, client) => {
      this.#subscriber = client.conn
    })
    this.aedes.on('unsubscribe', (filters, client) => this.#access.unsubscribed(client, filters))
    // Unlisted in aedes' types; without a listener it would end the process.
    const emitter: EventEmitter = this.aedes
    emitter.on('error', (error) => log.error({ error }, 'embedded broker'))
  }

  readonly accept = (connection: Duplex, address: string): void => {
    if (this.#open.size >= this.#config.maxConnections || this.aedes.closed) {
      this.#dropped('too-many-connections').add()
      connection.on('error', nothing)
      connection.destroy()
      return
    }
    this.#open.add(connection)
    this.#access.addAddress(connection, address)
    connection.once('close', () => this.#open.delete(connection))
    meter(connection, this.#config.maxPacketBytes, () => this.#dropped('packet-too-large').add())
    this.aedes.handle(connection)
  }

  acceptReader(connection: Duplex, address: string, mayRead: MayRead): void {
    this.#access.addGuest(connection, mayRead)
    this.accept(connection, address)
  }

  /** Anyone may cause this as often as they like. */
  readonly onRefusedPage = (origin: string): void => {
    this.#dropped('foreign-page').add()
    this.#deps.log.debug({ origin }, 'refused a web page of another host')
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => this.aedes.close(resolve))
    // Those that are no clients yet.
    for (const connection of this.#open) connection.destroy()
  }

  #maySubscribe(client: Client, filter: string): boolean {
    if (client.conn.destroyed) return false
    const may = this.#access.maySubscribe(client, filter)
    if (!may) this.#dropped('too-many-filters').add()
    if (!this.#access.isFlood(client, may)) return may
    this.#dropped('too-many-subscriptions').add()
    client.conn.destroy()
    return false
  }

  /** aedes writes to a client however much waits for it; whoever falls behind by this much is let go. */
  #keepsUp(client: Client): boolean {
    const { conn } = client
    if (conn.destroyed) return false
    if (conn.writableLength <= this.#config.maxClientBufferBytes) return true
    this.#dropped('slow-client').add()
    this.#warnings.warn({ client: client.id, bytes: conn.writableLength }, 'let a client go that does not keep up')
    conn.destroy()
    return false
  }

  /** Anyone may cause this as often as they like, so it is counted and told to who looks closely. */
  #lost(client: string | undefined, error: Error): void {
    this.#dropped('client-fault').add()
    this.#deps.log.debug({ client, reason: error.message }, 'broker client lost')
  }

  #refuseRetained(topic: string): void {
    this.#dropped('retained-full').add()
    this.#warnings.warn({ topic, limit: this.#config.maxRetained }, 'no room for another retained message')
  }

  #dropped(reason: string): Counter {
    return this.#deps.metrics.counter(
      'phasorbus_broker_refused_total',
      'Connections and retained messages the embedded broker refused or ended.',
      { reason },
    )
  }
}

const nothing = (): void => {}

/** What was retained when a subscription came to it, and is no more when it would be sent; live ones have a broker id. */
const wasCleared = ({ retain, payload, brokerId }: AedesPublishPacket): boolean =>
  retain && payload.length === 0 && !brokerId

/** MQTT return code 4. */
const BAD_USER: AuthenticateError = Object.assign(new Error('bad user name or password'), { returnCode: 4 })
