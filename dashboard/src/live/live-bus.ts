/**
 * The bus, as a page sees it: MQTT over WebSocket, by a user that may only read.
 * It goes on by itself after every loss of the connection.
 */
import mqtt, { type MqttClient } from 'mqtt'
import type { LiveAccess } from '../api/client.ts'

export interface LiveBus {
  readonly url: string
  readonly isConnected: boolean
  /** Why it is not. */
  readonly trouble: string | undefined
  subscribe(filters: readonly string[]): void
  unsubscribe(filters: readonly string[]): void
  end(): void
}

export interface BusHandlers {
  message(topic: string, payload: Uint8Array, isRetained: boolean): void
  /** A connection was made, or lost. */
  changed(): void
}

const KEEPALIVE_S = 10
const RECONNECT_MS = 1000
const CONNECT_MS = 5000

export function connectLiveBus(
  access: LiveAccess & { readonly url: string },
  token: string | undefined,
  handlers: BusHandlers,
): LiveBus {
  const url = new URL(access.url, location.href)
  url.protocol = url.protocol.replace(/^http/, 'ws')
  const isHere = access.url.startsWith('/')
  const [username, password] = isHere ? ['dashboard', token] : [access.username, access.password]
  let trouble: string | undefined
  const client: MqttClient = mqtt.connect(url.href, {
    clientId: `dashboard-${crypto.getRandomValues(new Uint32Array(2)).join('')}`,
    keepalive: KEEPALIVE_S,
    connectTimeout: CONNECT_MS,
    reconnectPeriod: RECONNECT_MS,
    protocolVersion: 4,
    clean: true,
    resubscribe: true,
    queueQoSZero: false,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
  })
  client.on('message', (topic, payload, { retain }) => handlers.message(topic, payload, retain))
  client.on('connect', () => {
    trouble = undefined
    handlers.changed()
  })
  client.on('error', (error) => {
    trouble = error.message
    handlers.changed()
  })
  client.on('close', () => {
    trouble ??= `no connection to ${url.host}`
    handlers.changed()
  })
  return {
    url: url.href,
    get isConnected() {
      return client.connected
    },
    get trouble() {
      return client.connected ? undefined : trouble
    },
    // What cannot be granted is told by the error of the connection.
    subscribe: (filters) => void client.subscribe([...filters], { qos: 0 }),
    unsubscribe: (filters) => void client.unsubscribe([...filters]),
    end: () => void client.end(true),
  }
}
