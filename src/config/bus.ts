/** Settings of the bus, checked once at the edge. The grid file's schema is built from these. */
import { z } from 'zod'
import { isLoopback, parseAddress } from './address.ts'

const port = z.int().min(0).max(65_535)
const milliseconds = z.int().min(1)
const file = z.string().min(1)

const isBrokerUrl = (text: string): boolean => {
  const url = URL.canParse(text) ? new URL(text) : undefined
  return url !== undefined && /^(mqtts?|wss?):$/.test(url.protocol) && url.hostname !== ''
}
const hasCredentials = (text: string): boolean => {
  const url = URL.canParse(text) ? new URL(text) : undefined
  return url !== undefined && (url.username !== '' || url.password !== '')
}

const brokerUrl = z
  .string()
  .refine(isBrokerUrl, 'must be mqtt://, mqtts://, ws:// or wss:// with a host')
  .refine((text) => !hasCredentials(text), 'must not carry a user: use username and passwordFile')

/** One MQTT 3.1.1 broker, as a client sees it: a server, or a cluster of several. */
export const BrokerConfig = z
  .strictObject({
    url: z
      .union([brokerUrl, z.array(brokerUrl).min(1)])
      .describe(
        'broker address: mqtt://HOST:1883, mqtts://HOST:8883, ws://HOST:PORT/PATH or wss://HOST:PORT/PATH; of a cluster a list of its nodes, nearest first',
      ),
    username: z.string().min(1).optional().describe('user to connect as'),
    password: z.string().optional().describe('its password; passwordFile keeps it out of this file'),
    passwordFile: file.optional().describe('file whose first line is the password, read anew on every connect'),
    ca: file.optional().describe("PEM file with the authority that signed the broker's certificate"),
    cert: file.optional().describe('PEM file with the client certificate'),
    key: file.optional().describe('PEM file with the key of the client certificate'),
    keepaliveS: z
      .int()
      .min(1)
      .max(3600)
      .default(3)
      .describe('seconds without a sign of life after which the other end is dead; asked for one all the time'),
    connectTimeoutMs: milliseconds.default(3000).describe('longest wait for the broker to take a connection'),
    retry: z
      .strictObject({
        firstDelayMs: milliseconds.default(100).describe('wait before the first reconnect; doubles each time'),
        maxDelayMs: milliseconds.default(5000).describe('longest wait between reconnects'),
      })
      .prefault({})
      .describe('reconnect with backoff and jitter'),
    returnAfterS: z
      .int()
      .min(1)
      .max(300)
      .default(10)
      .describe(
        'seconds that a nearer broker, or node of a cluster, must have worked before it is used again; each relapse doubles them, up to 300',
      ),
    maxBufferedBytes: z
      .int()
      .min(1024)
      .default(16 * 1024 * 1024)
      .describe('bytes that may wait for the socket; what comes then is not sent, and counted'),
  })
  .refine((config) => (config.cert === undefined) === (config.key === undefined), {
    error: 'cert and key go together',
    path: ['key'],
  })
  .refine((config) => config.password === undefined || config.passwordFile === undefined, {
    error: 'give password or passwordFile, not both',
    path: ['passwordFile'],
  })
  .refine((config) => config.username !== undefined || (config.password ?? config.passwordFile) === undefined, {
    error: 'a password needs a username',
    path: ['username'],
  })
export type BrokerConfig = z.output<typeof BrokerConfig>

/** How live frames travel. */
export const LiveConfig = z.strictObject({
  qos: z
    .union([z.literal(0), z.literal(1)])
    .default(1)
    .describe('MQTT QoS of data frames; 0 only where a configuration never changes while running'),
  windowMs: milliseconds
    .default(200)
    .describe("age that a stream's unacknowledged frames may reach; later ones are skipped and counted"),
})
export type LiveConfig = z.output<typeof LiveConfig>

const User = z
  .strictObject({
    username: z.string().min(1).describe('user that may connect'),
    password: z.string().min(1).optional().describe('its password; passwordFile keeps it out of this file'),
    passwordFile: file.optional().describe('file whose first line is the password'),
    access: z
      .enum(['read', 'all'])
      .default('all')
      .describe('read: may subscribe and not publish, as dashboards and other onlookers do'),
  })
  .refine((user) => (user.password === undefined) !== (user.passwordFile === undefined), {
    error: 'give password or passwordFile',
    path: ['password'],
  })

const listenerObject = z.strictObject({
  transport: z.enum(['tcp', 'ws']).describe('MQTT over TCP, or over WebSocket'),
  host: z.string().min(1).default('127.0.0.1').describe('address of this machine'),
  port: port.describe('0 takes a free one'),
})

/** `mqtt://HOST[:1883]`, `ws://HOST:PORT`, or an object. */
const listener = z.union([
  z
    .string()
    .transform((text, context): z.input<typeof listenerObject> => {
      const match = /^(mqtt|ws):\/\/([^/?#]+)\/?$/.exec(text)
      const address = match
        ? parseAddress(match[2]!, match[1] === 'mqtt' ? 1883 : undefined)
        : `\`${text}\` is no address to listen on; write mqtt://HOST:PORT or ws://HOST:PORT`
      if (typeof address !== 'string') return { transport: match?.[1] === 'ws' ? 'ws' : 'tcp', ...address }
      context.issues.push({ code: 'custom', input: text, message: address })
      return z.NEVER
    })
    .pipe(listenerObject)
    .describe('mqtt://HOST:PORT or ws://HOST:PORT'),
  listenerObject,
])

/** The broker inside this process (aedes, MQTT 3.1.1): for one machine. It keeps nothing over a restart. */
export const EmbeddedBrokerConfig = z
  .strictObject({
    listen: z
      .array(listener)
      .prefault([{ transport: 'tcp', port: 1883 }])
      .describe('where others may connect; an empty list keeps the broker within this process'),
    tls: z
      .strictObject({
        cert: file.describe('PEM file with the certificate'),
        key: file.describe('PEM file with its key'),
        clientCa: file.optional().describe('with it, a client must show a certificate this authority signed'),
      })
      .optional()
      .describe('serve mqtts and wss instead of mqtt and ws'),
    users: z.array(User).optional().describe('who may connect; without it, anyone who reaches a port'),
    origins: z
      .array(
        z
          .string()
          .refine(
            (text) => URL.canParse(text) && new URL(text).origin === text,
            'must be an origin, such as https://control.example:8443',
          ),
      )
      .default([])
      .describe(
        'other web pages that may connect over WebSocket; those of the broker’s own host and port may, and what is no page',
      ),
    anonymous: z.boolean().default(false).describe('allow an address that is not loopback without users'),
    maxConnections: z.int().min(1).default(1024).describe('connections at once, TCP and WebSocket together'),
    maxPacketBytes: z
      .int()
      .min(128)
      .default(1024 * 1024)
      .describe('largest MQTT packet taken from a client'),
    maxClientBufferBytes: z
      .int()
      .min(1024)
      .default(8 * 1024 * 1024)
      .describe('bytes that may wait for one client; one that reads no faster loses its connection'),
    drainTimeoutMs: milliseconds
      .default(10_000)
      .describe('longest time a client may read nothing of what waits for it'),
    connectTimeoutMs: milliseconds.default(5000).describe('longest wait for a connection to say CONNECT'),
    maxFilters: z.int().min(1).default(20_000).describe('topic filters of one client; of one that may only read 256'),
    maxRetained: z.int().min(1).default(200_000).describe('topics with a retained message'),
    maxRetainedBytes: z
      .int()
      .min(1024)
      .default(256 * 1024 * 1024)
      .describe(
        'bytes of retained messages: payloads, topics, and 256 for each level of the topics, once where they have it in common',
      ),
  })
  .refine(
    ({ listen, users, tls, anonymous }) =>
      listen.every(({ host }) => isLoopback(host)) || users !== undefined || tls?.clientCa !== undefined || anonymous,
    { error: 'an address that is not loopback needs users, tls.clientCa, or anonymous: true', path: ['listen'] },
  )
export type EmbeddedBrokerConfig = z.output<typeof EmbeddedBrokerConfig>
