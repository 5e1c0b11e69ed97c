import { isIP, isIPv4, isIPv6 } from 'node:net'
import { z } from 'zod'

/** C37.118.2 Annex: the customary ports. Not IANA-registered and freely changed. */
export const TCP_PORT = 4712
export const UDP_PORT = 4713

const host = z.string().min(1)
const port = z.int().min(1).max(65_535)
/** 0 lets the system choose. */
const localPort = z.int().min(0).max(65_535)
const ip = z.string().refine((text) => isIP(text) !== 0, 'not an IP address')
const multicastGroup = z
  .string()
  .refine(isMulticast, 'not a multicast address; they are 224.0.0.0 to 239.255.255.255, and ff00::/8')

/** Where UDP is received: a local address and port, and the multicast group to join there. */
const UdpReceiver = z.strictObject({
  host: host.default('0.0.0.0').describe('local address to receive on'),
  port: localPort.default(UDP_PORT).describe('local UDP port'),
  group: multicastGroup.optional().describe('multicast group to join'),
  interface: ip.optional().describe('local address of the interface to join the group on'),
})
export type UdpReceiver = z.output<typeof UdpReceiver>

const TcpTransport = z.strictObject({
  kind: z.literal('tcp').describe('commands and data over one TCP connection'),
  host: host.describe('address of the PMU'),
  port: port.default(TCP_PORT).describe('TCP port of the PMU'),
})

const TcpUdpTransport = z.strictObject({
  kind: z.literal('tcp+udp').describe('commands over TCP, data over UDP'),
  host: host.describe('address of the PMU'),
  port: port.default(TCP_PORT).describe('TCP port of the PMU'),
  data: UdpReceiver.prefault({}).describe('where the data arrives'),
})

const UdpTransport = z.strictObject({
  kind: z.literal('udp').describe('commands and data over UDP'),
  host: host.describe('address of the PMU'),
  port: port.default(UDP_PORT).describe('UDP port of the PMU'),
  local: UdpReceiver.prefault({ port: 0 }).describe('where its answers and data arrive'),
})

const UdpSpontaneousTransport = z.strictObject({
  kind: z.literal('udp-spontaneous').describe('data and CFG-2 come unasked over UDP'),
  from: ip.optional().describe('address of the PMU; datagrams of others are ignored'),
  local: UdpReceiver.prefault({}).describe('where they arrive'),
})

const PcapTransport = z.strictObject({
  kind: z.literal('pcap').describe('listen in on a stream of captured packets (pcap or pcapng)'),
  path: z.string().min(1).optional().describe('file or named pipe; - is standard input'),
  command: z.array(z.string()).min(1).optional().describe('program that writes the capture to its standard output'),
  from: ip.optional().describe('address of the PMU; needed where another has the same IDCODE'),
})

/** The long form of a source's transport. */
export const TransportObject = z.discriminatedUnion('kind', [
  TcpTransport,
  TcpUdpTransport,
  UdpTransport,
  UdpSpontaneousTransport,
  PcapTransport.refine(
    ({ path, command }) => (path === undefined) !== (command === undefined),
    'a tap reads a `path` or what a `command` writes; give one of them',
  ),
])
export type Transport = z.output<typeof TransportObject>

/**
 * How a PMU is reached, as text or as an object:
 *
 * - `tcp://host:4712`
 * - `tcp+udp://host:4712?data=4713&group=239.1.2.3&interface=10.0.0.1`
 * - `udp://host:4713?local=4712`
 * - `udp-spontaneous://0.0.0.0:4713?from=10.0.0.5`, `udp-spontaneous://239.1.2.3:4713?interface=10.0.0.1`
 * - `pcap:/run/mirror.pcap?from=10.0.0.5`, `pcap:-`
 */
export const Transport = z.union([
  z
    .string()
    .describe('tcp://, tcp+udp://, udp://, udp-spontaneous:// or pcap:')
    .transform((text, context): unknown => {
      try {
        return parseTransportUrl(text)
      } catch (error) {
        context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : String(error) })
        return z.NEVER
      }
    })
    .pipe(TransportObject),
  TransportObject,
])

/** How a transport is named in logs and metrics. */
export function describeTransport(transport: Transport): string {
  switch (transport.kind) {
    case 'tcp':
    case 'tcp+udp':
    case 'udp':
      return `${transport.kind}://${urlHost(transport.host)}:${transport.port}`
    case 'udp-spontaneous': {
      const { group, host, port } = transport.local
      const from = transport.from ? `?from=${transport.from}` : ''
      return `udp-spontaneous://${urlHost(group ?? host)}:${port}${from}`
    }
    case 'pcap':
      return `pcap:${transport.path ?? transport.command?.join(' ')}`
  }
}

export function isMulticast(address: string): boolean {
  if (isIPv4(address)) {
    const first = Number(address.split('.')[0])
    return first >= 224 && first <= 239
  }
  return isIPv6(address) && address.toLowerCase().startsWith('ff')
}

/** An IPv6 address in brackets, anything else as it is. */
export function urlHost(address: string): string {
  return isIPv6(address) ? `[${address}]` : address
}

/** The long form, unchecked: the schema's own checks name what is wrong in it. */
function parseTransportUrl(text: string): unknown {
  if (text.startsWith('pcap:')) return parsePcap(text.slice('pcap:'.length))
  const url = parseEndpointUrl(text)
  const { host, port, parameter, number } = url
  const at = { ...(host !== '' && { host }), ...(port !== undefined && { port }) }

  let transport: object
  switch (url.kind) {
    case 'tcp':
      transport = { kind: 'tcp', ...at }
      break
    case 'tcp+udp': {
      const data = { port: number('data'), group: parameter('group'), interface: parameter('interface') }
      transport = { kind: 'tcp+udp', ...at, data: known(data) }
      break
    }
    case 'udp':
      transport = { kind: 'udp', ...at, local: known({ port: number('local') ?? 0 }) }
      break
    case 'udp-spontaneous': {
      const group = isMulticast(host) ? host : undefined
      const local = known({
        host: group || host === '' ? undefined : host,
        port,
        group,
        interface: parameter('interface'),
      })
      transport = known({ kind: 'udp-spontaneous', from: parameter('from'), local })
      break
    }
    default:
      throw new Error(`\`${url.kind}:\` is no transport; one of tcp, tcp+udp, udp, udp-spontaneous, pcap`)
  }
  url.refuseRest()
  return transport
}

function parsePcap(rest: string): object {
  const [path = '', query = ''] = rest.replace(/^\/\/(?=\/|-)/, '').split('?', 2)
  if (path === '') throw new Error('`pcap:` needs the path of a file or a named pipe; - is standard input')
  const parameters = new URLSearchParams(query)
  for (const name of parameters.keys()) if (name !== 'from') throw new Error(`unknown parameter \`${name}\``)
  return known({ kind: 'pcap', path, from: parameters.get('from') ?? undefined })
}

/** The parts of `kind://host:port?name=value`; parameters are taken one by one, so that a rest is a typo. */
export interface EndpointUrl {
  readonly kind: string
  readonly host: string
  readonly port: number | undefined
  parameter(name: string): string | undefined
  number(name: string): number | undefined
  /** Throws if a parameter was not taken. */
  refuseRest(): void
}

export function parseEndpointUrl(text: string): EndpointUrl {
  const port = /:(\d+)\/?(?:\?.*)?$/.exec(text)?.[1]
  if (Number(port) > 65_535) throw new Error(`port ${port} is above 65535`)
  if (!/^[a-z+-]+:\/\//.test(text) || !URL.canParse(text)) {
    throw new Error(`\`${text}\` is not of the form tcp://HOST:PORT`)
  }
  const url = new URL(text)
  if (url.username || url.password || url.hash || !/^\/?$/.test(url.pathname)) {
    throw new Error(`\`${text}\` may have a host, a port and ?parameters only`)
  }
  const rest = new URLSearchParams(url.search)
  const parameter = (name: string): string | undefined => {
    const value = rest.get(name) ?? undefined
    rest.delete(name)
    return value
  }
  return {
    kind: url.protocol.slice(0, -1),
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? undefined : Number(url.port),
    parameter,
    number(name) {
      const value = parameter(name)
      return value === undefined ? undefined : Number(value)
    },
    refuseRest() {
      for (const name of rest.keys()) throw new Error(`unknown parameter \`${name}\``)
    },
  }
}

/** Without the members that are undefined. */
export function known<T extends object>(members: T): Partial<T> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as Partial<T>
}
