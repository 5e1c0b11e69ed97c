import { isIP } from 'node:net'
import { z } from 'zod'
import { isMulticast, known, parseEndpointUrl, TCP_PORT, UDP_PORT, urlHost } from './transport.ts'

const host = z.string().min(1)
const port = z.int().min(1).max(65_535)
/** 0 lets the system choose. */
const localPort = z.int().min(0).max(65_535)
const ip = z.string().refine((text) => isIP(text) !== 0, 'not an IP address')
const hops = z.int().min(0).max(255)

const TcpListener = z.strictObject({
  kind: z.literal('tcp').describe('commands and data over one TCP connection'),
  host: host.default('0.0.0.0').describe('local address'),
  port: localPort.default(TCP_PORT).describe('TCP port'),
})

const TcpUdpListener = z.strictObject({
  kind: z.literal('tcp+udp').describe('commands over TCP, data over UDP'),
  host: host.default('0.0.0.0').describe('local address'),
  port: localPort.default(TCP_PORT).describe('TCP port'),
  dataPort: port.default(UDP_PORT).describe('UDP port of the client, at the address it connected from'),
  group: z
    .string()
    .refine(isMulticast, 'not a multicast address')
    .optional()
    .describe('send data to this group instead'),
  interface: ip.optional().describe('local address of the interface the group is reached by'),
  hops: hops.default(1).describe('routers a multicast datagram may pass (TTL)'),
})

const UdpListener = z.strictObject({
  kind: z.literal('udp').describe('commands and data over UDP'),
  host: host.default('0.0.0.0').describe('local address'),
  port: localPort.default(UDP_PORT).describe('UDP port'),
})

const SpontaneousOutput = z.strictObject({
  kind: z.literal('udp-spontaneous').describe('data and CFG-2 unasked over UDP, unicast or multicast'),
  host: ip.describe('address or multicast group to send to'),
  port: port.default(UDP_PORT).describe('UDP port to send to'),
  interface: ip.optional().describe('local address of the interface the group is reached by'),
  hops: hops.default(1).describe('routers a multicast datagram may pass (TTL)'),
})

/** The long form of a place where a server is reached. */
export const EndpointObject = z.discriminatedUnion('kind', [
  TcpListener,
  TcpUdpListener,
  UdpListener,
  SpontaneousOutput,
])
export type Endpoint = z.output<typeof EndpointObject>

/**
 * Where a server is reached, as text or as an object:
 *
 * - `tcp://0.0.0.0:4712`
 * - `tcp+udp://0.0.0.0:4712?data=4713`, `…?group=239.1.2.3&data=4713&interface=10.0.0.1`
 * - `udp://0.0.0.0:4713`
 * - `udp-spontaneous://10.0.0.9:4713`, `udp-spontaneous://239.1.2.3:4713?interface=10.0.0.1&hops=4`
 */
export const Endpoint = z.union([
  z
    .string()
    .describe('tcp://, tcp+udp://, udp:// or udp-spontaneous://')
    .transform((text, context): unknown => {
      try {
        return parseListenUrl(text)
      } catch (error) {
        context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : String(error) })
        return z.NEVER
      }
    })
    .pipe(EndpointObject),
  EndpointObject,
])

/** One or several streams served to PDCs. */
export const ServerConfig = z.strictObject({
  listen: z.array(Endpoint).min(1).describe('where PDCs reach us, or where we send unasked'),
  allow: z
    .array(z.string().refine(isNetwork, 'neither an IP address nor a network such as 10.0.0.0/8'))
    .default([])
    .describe('addresses that may connect; empty: everyone'),
  slow: z
    .enum(['drop-frames', 'disconnect'])
    .default('drop-frames')
    .describe('what a client loses that does not read fast enough: whole frames, or its connection'),
  limits: z
    .strictObject({
      clients: z.int().min(1).max(65_535).default(64).describe('clients at a time, per listening port'),
      clientsPerAddress: z.int().min(1).max(65_535).default(16).describe('clients at a time from one address'),
      junkBytes: z
        .int()
        .min(0)
        .default(4_096)
        .describe('bytes of a connection that are no frame, before its first good frame and between good frames'),
      firstCommandMs: z.int().min(1).default(30_000).describe('a connection without a good command by then is closed'),
      idleMs: z
        .int()
        .min(1)
        .default(600_000)
        .describe('a connection that has no data turned on and sends no command for so long is closed'),
      bufferedBytes: z.int().min(0).default(1_048_576).describe('unsent bytes per client before it counts as slow'),
      bufferedMs: z.int().min(1).default(2_000).describe('age of unsent bytes before a client counts as slow'),
      answersPerSecond: z
        .number()
        .positive()
        .default(10)
        .describe('configurations and headers sent to one client per second; more are not answered'),
    })
    .prefault({})
    .describe('what one client may cost'),
  configurationIntervalMs: z
    .int()
    .min(10)
    .default(60_000)
    .describe('unasked output repeats its configuration so often, at whole multiples since midnight UTC'),
})
export type ServerConfig = z.output<typeof ServerConfig>
/** What a user may write: everything but `listen` has a default. */
export type ServerConfigInput = z.input<typeof ServerConfig>

/** How an endpoint is named in logs and metrics. */
export function describeEndpoint({ kind, host, port }: Endpoint): string {
  return `${kind}://${urlHost(host)}:${port}`
}

/** The long form, unchecked: the schema's own checks name what is wrong in it. */
function parseListenUrl(text: string): unknown {
  const url = parseEndpointUrl(text)
  const { kind, port, parameter, number } = url
  const at = { kind, host: url.host === '' ? undefined : url.host, port }
  const multicast = (): object => ({ interface: parameter('interface'), hops: number('hops') })

  let endpoint: object
  if (kind === 'tcp' || kind === 'udp') endpoint = at
  else if (kind === 'tcp+udp') endpoint = { ...at, dataPort: number('data'), group: parameter('group'), ...multicast() }
  else if (kind === 'udp-spontaneous') endpoint = { ...at, ...multicast() }
  else throw new Error(`\`${kind}:\` is no transport; one of tcp, tcp+udp, udp, udp-spontaneous`)
  url.refuseRest()
  return known(endpoint)
}

function isNetwork(text: string): boolean {
  const [address = '', prefix, ...rest] = text.split('/')
  const family = isIP(address)
  if (family === 0 || rest.length > 0) return false
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 4 ? 32 : 128))
}
