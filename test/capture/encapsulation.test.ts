import { describe, expect, it } from 'vitest'
import { type Direction, FlowAssembler, LinkType, type Packet } from '../../src/capture/index.ts'
import { addressBytes, ipPacket, tcpSegment, udpDatagram } from '../../src/capture/packet-builder.ts'

const from = { address: '10.1.2.3', port: 4713 }
const to = { address: '192.168.0.60', port: 4712 }
const from6 = { address: '2001:db8::1:0:0:7', port: 4713 }
const to6 = { address: 'fe80::2', port: 4712 }
const payload = Uint8Array.from({ length: 100 }, (_, i) => i)

const ipv4 = ipPacket(from, to, 17, udpDatagram(from, to, payload))
const ipv6 = ipPacket(from6, to6, 17, udpDatagram(from6, to6, payload))

interface Datagram {
  readonly direction: Direction
  readonly bytes: number[]
}

function assemble(packets: readonly (readonly [number, Uint8Array])[], timeStepUs = 0) {
  const datagrams: Datagram[] = []
  const bytes: number[] = []
  const assembler = new FlowAssembler({
    datagram: (direction, datagram) => datagrams.push({ direction, bytes: [...datagram] }),
    bytes: (_direction, more) => bytes.push(...more),
    gap() {},
    closed() {},
    forgotten() {},
  })
  packets.forEach(([linkType, packet], i) => {
    assembler.packet({
      linkType,
      bytes: packet,
      timeUs: i * timeStepUs,
      originalLength: packet.length,
    } satisfies Packet)
  })
  assembler.end()
  return { datagrams, bytes, counts: assembler.counts }
}

const macs = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]
const join = (head: readonly number[], ip: Uint8Array): Uint8Array => Uint8Array.from([...head, ...ip])

describe('the IP packet is found', () => {
  it.each<[string, number, Uint8Array]>([
    ['Ethernet, IPv4', LinkType.ethernet, join([...macs, 8, 0], ipv4)],
    ['Ethernet, IPv6', LinkType.ethernet, join([...macs, 0x86, 0xdd], ipv6)],
    ['802.1Q', LinkType.ethernet, join([...macs, 0x81, 0, 0, 5, 8, 0], ipv4)],
    ['QinQ', LinkType.ethernet, join([...macs, 0x88, 0xa8, 0, 5, 0x81, 0, 0, 6, 0x86, 0xdd], ipv6)],
    ['802.3 with SNAP', LinkType.ethernet, join([...macs, 0, 150, 0xaa, 0xaa, 3, 0, 0, 0, 8, 0], ipv4)],
    ['Linux cooked', LinkType.linuxSll, join([0, 0, 0, 1, 0, 6, ...macs.slice(0, 8), 8, 0], ipv4)],
    ['Linux cooked, VLAN', LinkType.linuxSll, join([0, 0, 0, 1, 0, 6, ...macs.slice(0, 8), 0x81, 0, 0, 5, 8, 0], ipv4)],
    ['Linux cooked 2', LinkType.linuxSll2, join([0x86, 0xdd, 0, 0, 0, 0, 0, 2, 0, 1, 0, 6, ...macs.slice(0, 8)], ipv6)],
    [
      'Linux cooked 2, VLAN',
      LinkType.linuxSll2,
      join([0x81, 0, 0, 0, 0, 0, 0, 2, 0, 1, 0, 6, ...macs.slice(0, 8), 0, 5, 8, 0], ipv4),
    ],
    ['raw IP', LinkType.raw, ipv4],
    ['raw IP, as the BSDs number it', LinkType.rawBsd, ipv6],
    ['raw IP, as OpenBSD numbers it', LinkType.rawOpenBsd, ipv4],
    ['BSD null, little-endian', LinkType.null, join([2, 0, 0, 0], ipv4)],
    ['BSD null, big-endian, IPv6 of macOS', LinkType.null, join([0, 0, 0, 30], ipv6)],
    ['OpenBSD loopback', LinkType.loop, join([0, 0, 0, 24], ipv6)],
    ['IPv4 with options', LinkType.raw, withOptions(ipv4, 8)],
    [
      'IPv4 behind which Ethernet padded',
      LinkType.ethernet,
      join([...macs, 8, 0], Buffer.concat([ipv4, new Uint8Array(12)])),
    ],
    ['IPv4 without a length (offloaded)', LinkType.raw, ipv4.map((byte, i) => (i === 2 || i === 3 ? 0 : byte))],
    ['IPv6 with extension headers', LinkType.raw, withExtensions(ipv6)],
  ])('in %s', (_name, linkType, packet) => {
    const { datagrams, counts } = assemble([[linkType, packet]])
    const six = datagrams[0]?.direction.from.address.includes(':')
    expect(datagrams).toMatchObject([{ bytes: [...payload], direction: six ? { from: from6, to: to6 } : { from, to } }])
    expect(counts).toMatchObject({ packets: 1, malformed: 0, notIp: 0, flows: 1 })
  })

  it.each<[string, number, number[], object]>([
    ['ARP', LinkType.ethernet, [...macs, 8, 6, 0, 1], { notIp: 1 }],
    ['a GOOSE message', LinkType.ethernet, [...macs, 0x88, 0xb8, 0, 1], { notIp: 1 }],
    [
      'more VLAN tags than anyone stacks',
      LinkType.ethernet,
      [...macs, ...Array(40).fill([0x81, 0, 0, 1]).flat()],
      { notIp: 1 },
    ],
    ['an unknown link type', 127, [0, 0, 8, 0], { unknownLinkType: 1 }],
    ['an ICMP packet', LinkType.raw, [...ipPacket(from, to, 1, payload)], { otherProtocol: 1 }],
    ['half an IPv4 header', LinkType.raw, [...ipv4.subarray(0, 12)], { malformed: 1 }],
    ['half an IPv6 header', LinkType.raw, [...ipv6.subarray(0, 30)], { malformed: 1 }],
    ['an IP of no version', LinkType.raw, [0, 0, 0, 0], { malformed: 1 }],
    ['half a TCP header', LinkType.raw, [...ipPacket(from, to, 6, payload.subarray(0, 19))], { malformed: 1 }],
    ['half a UDP header', LinkType.raw, [...ipPacket(from, to, 17, payload.subarray(0, 7))], { malformed: 1 }],
    ['nothing', LinkType.ethernet, [], { notIp: 1 }],
    ['nothing at all', LinkType.raw, [], { malformed: 1 }],
  ])('or counted as what it is: %s', (_name, linkType, bytes, expected) => {
    const { datagrams, counts } = assemble([[linkType, Uint8Array.from(bytes)]])
    expect(datagrams).toEqual([])
    expect(counts).toMatchObject(expected)
  })

  it('counts a packet that the capture cut off', () => {
    expect(assemble([[LinkType.raw, ipv4.subarray(0, 60)]]).counts).toMatchObject({ cutOff: 1, malformed: 0 })
  })
})

/** An IP packet in fragments of 24 bytes of payload. */
function fragments4(packet: Uint8Array): Uint8Array[] {
  const body = packet.subarray(20)
  return Array.from({ length: Math.ceil(body.length / 24) }, (_, i) => {
    const part = Buffer.concat([packet.subarray(0, 20), body.subarray(i * 24, (i + 1) * 24)])
    part.writeUInt16BE(part.length, 2)
    part.writeUInt16BE(77, 4)
    part.writeUInt16BE(((i + 1) * 24 < body.length ? 0x2000 : 0) | (i * 3), 6)
    return part
  })
}

function fragments6(packet: Uint8Array): Uint8Array[] {
  const body = packet.subarray(40)
  return Array.from({ length: Math.ceil(body.length / 24) }, (_, i) => {
    const more = (i + 1) * 24 < body.length ? 1 : 0
    const header = Buffer.from([packet[6]!, 0, 0, (i * 24) | more, 0, 1, 2, 3])
    const part = Buffer.concat([packet.subarray(0, 40), header, body.subarray(i * 24, (i + 1) * 24)])
    part.writeUInt16BE(part.length - 40, 4)
    part[6] = 44
    return part
  })
}

describe('IP fragments', () => {
  const forms = [
    ['IPv4', fragments4(ipv4)],
    ['IPv6', fragments6(ipv6)],
  ] as const
  const raw = (packets: readonly Uint8Array[]) => packets.map((packet): [number, Uint8Array] => [LinkType.raw, packet])

  it.each(forms)('of %s are put together in any order, also when some come twice', (_name, parts) => {
    for (const order of [parts, parts.toReversed(), [parts[2]!, ...parts, parts[0]!].slice(0, parts.length + 1)]) {
      const { datagrams, counts } = assemble(raw(order))
      expect(datagrams.map(({ bytes }) => bytes)).toEqual([[...payload]])
      expect(counts.fragmentsReassembled).toBe(1)
    }
  })

  it.each(forms)('of %s that never become whole are counted', (_name, parts) => {
    const { datagrams, counts } = assemble(raw(parts.slice(1)))
    expect(datagrams).toEqual([])
    expect(counts).toMatchObject({ fragmentsAbandoned: 1, fragmentsReassembled: 0 })
  })

  it('are given up after a minute', () => {
    const parts = fragments4(ipv4)
    expect(assemble(raw(parts), 61e6).counts).toMatchObject({
      fragmentsReassembled: 0,
      fragmentsAbandoned: parts.length,
    })
  })

  it('of too many packets at once give way, the oldest first', () => {
    const firsts = Array.from({ length: 65 }, (_, id) => {
      const part = Uint8Array.from(fragments4(ipv4)[0]!)
      part[5] = id
      return part
    })
    expect(assemble(raw(firsts)).counts.fragmentsAbandoned).toBe(65)
  })

  it('that claim to end beyond 65,535 bytes are refused', () => {
    const part = Uint8Array.from(fragments4(ipv4)[0]!)
    part[6] = 0x1f
    part[7] = 0xff
    expect(assemble(raw([part])).counts).toMatchObject({ fragmentsAbandoned: 1 })
  })
})

it('reads TCP with options, and gives the way the SYN went as forward', () => {
  const seen: Direction[] = []
  const assembler = new FlowAssembler({
    bytes: (direction) => seen.push(direction),
    datagram() {},
    gap() {},
    closed() {},
    forgotten() {},
  })
  const segments = [
    ipPacket(to, from, 6, tcpSegment(to, from, { seq: 99, ack: 8, syn: true }, new Uint8Array(0))),
    ipPacket(to, from, 6, withTcpOptions(tcpSegment(to, from, { seq: 100, ack: 8 }, payload))),
  ]
  for (const bytes of segments) {
    assembler.packet({ linkType: LinkType.raw, bytes, timeUs: 0, originalLength: bytes.length })
  }
  expect(seen).toMatchObject([{ from: to, to: from }])
  expect(seen[0]).toBe(seen[0]?.flow.backward)
})

it('writes addresses as people do, and reads them back', () => {
  for (const address of ['10.0.0.1', '::', '::1', 'fe80::2', '2001:db8::1:0:0:7', '1:2:3:4:5:6:7:8', '0:1::']) {
    const host = { address, port: 1 }
    const { datagrams } = assemble([[LinkType.raw, ipPacket(host, host, 17, udpDatagram(host, host, payload))]])
    expect(datagrams[0]?.direction.from.address).toBe(address)
    expect(addressBytes(address)).toHaveLength(address.includes(':') ? 16 : 4)
  }
})

function withOptions(packet: Uint8Array, size: number): Uint8Array {
  const longer = Buffer.concat([packet.subarray(0, 20), new Uint8Array(size), packet.subarray(20)])
  longer[0] = 0x40 | (5 + size / 4)
  longer.writeUInt16BE(longer.length, 2)
  return longer
}

/** Hop-by-hop, destination options and an authentication header. */
function withExtensions(packet: Uint8Array): Uint8Array {
  const extensions = Buffer.from([
    ...[60, 0, 1, 4, 0, 0, 0, 0],
    ...[51, 1, 1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    ...[packet[6]!, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
  ])
  const longer = Buffer.concat([packet.subarray(0, 40), extensions, packet.subarray(40)])
  longer[6] = 0
  longer.writeUInt16BE(longer.length - 40, 4)
  return longer
}

function withTcpOptions(segment: Uint8Array): Uint8Array {
  const longer = Buffer.concat([
    segment.subarray(0, 20),
    Uint8Array.of(1, 1, 8, 10, 0, 0, 0, 0, 0, 0, 0, 0),
    segment.subarray(20),
  ])
  longer[12] = 8 << 4
  return longer
}
