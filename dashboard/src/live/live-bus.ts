/**
 * The bus, as a page sees it: MQTT over WebSocket, by a user that may only read.
 * It goes on by itself after every loss of the connection.
 */
import mqtt, { type MqttClient } from 'mqtt'
import type { LiveAccess } from '../api/client.ts'

export interface LiveBus {
  readonly url: string
  readonly isConnected: boolean
  /** Why it is not; or, while it is, what the broker refuses. */
  readonly trouble: string | undefined
  subscribe(filters: readonly string[]): void
  unsubscribe(filters: readonly string[]): void
  end(): void
}

export interface BusHandlers {
  message(topic: string, payload: Uint8Array, isRetained: boolean): void
  /** A connection was made, or lost; or something was refused. */
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
  const filters = new Set<string>()
  const refused = new Set<string>()
  let trouble: string | undefined
  /** What went wrong since the last try. */
  let fault: string | undefined
  const client: MqttClient = mqtt.connect(url.href, {
    clientId: `dashboard-${crypto.getRandomValues(new Uint32Array(2)).join('')}`,
    keepalive: KEEPALIVE_S,
    connectTimeout: CONNECT_MS,
    reconnectPeriod: RECONNECT_MS,
    // A broker that refuses now, as one does that starts, may not for ever.
    reconnectOnConnackError: true,
    protocolVersion: 4,
    clean: true,
    // The client would ask for all in one packet, and after one refusal for none of them ever again.
    resubscribe: false,
    queueQoSZero: false,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
  })
  client.on('message', (topic, payload, { retain }) => handlers.message(topic, payload, retain))
  client.on('connect', () => {
    fault = undefined
    refused.clear()
    for (const filter of filters) ask(filter)
    handlers.changed()
  })
  client.on('error', (error) => {
    fault = error.message
  })
  client.on('close', () => {
    trouble = fault ?? `no connection to ${url.host}`
    fault = undefined
    handlers.changed()
  })
  const ask = (filter: string): void => {
    client.subscribe(filter, { qos: 0 }, (error, _, answer) => {
      // Without an answer the connection was lost, which is told by itself.
      if (!error || !answer || !filters.has(filter)) return
      refused.add(filter)
      handlers.changed()
    })
  }
  return {
    url: url.href,
    get isConnected() {
      return client.connected
    },
    get trouble() {
      if (!client.connected) return trouble
      return refused.size === 0 ? undefined : `the broker refuses ${[...refused].join(', ')}`
    },
    subscribe(more) {
      for (const filter of more) {
        filters.add(filter)
        if (client.connected) ask(filter)
      }
    },
    unsubscribe(fewer) {
      for (const filter of fewer) {
        filters.delete(filter)
        refused.delete(filter)
      }
      if (client.connected) client.unsubscribe([...fewer])
    },
    end: () => void client.end(true),
  }
}
