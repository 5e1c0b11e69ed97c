/**
 * Ethernet packets around C37.118 frames, for captures that phasorbus writes itself.
 * Sources: RFC 791, RFC 8200 (IP), RFC 768 (UDP), RFC 9293 (TCP), RFC 1071 (checksum).
 */
import type { Endpoint } from './flow.ts'
import { Protocol } from './ip.ts'

export interface TcpFields {
  readonly seq: number
  readonly ack?: number
  readonly syn?: boolean
  readonly fin?: boolean
  readonly rst?: boolean
}

/** An Ethernet packet with one UDP datagram. */
export function udpPacket(from: Endpoint, to: Endpoint, payload: Uint8Array): Uint8Array {
  return ethernet(from, to, ipPacket(from, to, Protocol.udp, udpDatagram(from, to, payload)))
}

/** An Ethernet packet with one TCP segment. */
export function tcpPacket(from: Endpoint, to: Endpoint, fields: TcpFields, payload: Uint8Array): Uint8Array {
  return ethernet(from, to, ipPacket(from, to, Protocol.tcp, tcpSegment(from, to, fields, payload)))
}

/* UDP => SRC(2) DST(2) LENGTH(2) CHECKSUM(2) payload */
export function udpDatagram(from: Endpoint, to: Endpoint, payload: Uint8Array): Uint8Array {
  const { bytes, view } = allocate(8 + payload.length)
  view.setUint16(0, from.port)
  view.setUint16(2, to.port)
  view.setUint16(4, bytes.length)
  bytes.set(payload, 8)
  // A sum of 0 is sent as its other form: 0 would mean that there is none.
  view.setUint16(6, transportChecksum(from, to, Protocol.udp, bytes) || 0xffff)
  return bytes
}

/* TCP => SRC(2) DST(2) SEQ(4) ACK(4) OFFSET+FLAGS(2) WINDOW(2) CHECKSUM(2) URGENT(2) payload */
export function tcpSegment(from: Endpoint, to: Endpoint, fields: TcpFields, payload: Uint8Array): Uint8Array {
  const { bytes, view } = allocate(20 + payload.length)
  const { seq, ack, syn, fin, rst } = fields
  view.setUint16(0, from.port)
  view.setUint16(2, to.port)
  view.setUint32(4, seq)
  view.setUint32(8, ack ?? 0)
  const flags =
    (fin ? 1 : 0) | (syn ? 2 : 0) | (rst ? 4 : 0) | (payload.length > 0 ? 8 : 0) | (ack === undefined ? 0 : 16)
  view.setUint16(12, (5 << 12) | flags)
  view.setUint16(14, 0xffff)
  bytes.set(payload, 20)
  view.setUint16(16, transportChecksum(from, to, Protocol.tcp, bytes))
  return bytes
}

/** IPv6 when the source address has a colon, else IPv4. */
export function ipPacket(from: Endpoint, to: Endpoint, protocol: number, payload: Uint8Array): Uint8Array {
  const source = addressBytes(from.address)
  const destination = addressBytes(to.address)
  if (source.length === 16) {
    const { bytes, view } = allocate(40 + payload.length)
    view.setUint32(0, 0x60000000)
    view.setUint16(4, payload.length)
    view.setUint8(6, protocol)
    view.setUint8(7, 64)
    bytes.set(source, 8)
    bytes.set(destination, 24)
    bytes.set(payload, 40)
    return bytes
  }
  const { bytes, view } = allocate(20 + payload.length)
  view.setUint16(0, 0x4500)
  view.setUint16(2, bytes.length)
  view.setUint8(8, 64)
  view.setUint8(9, protocol)
  bytes.set(source, 12)
  bytes.set(destination, 16)
  view.setUint16(10, internetChecksum([bytes.subarray(0, 20)]))
  bytes.set(payload, 20)
  return bytes
}

/** Locally administered MAC addresses made from the IP addresses: the two ends stay apart. */
function ethernet(from: Endpoint, to: Endpoint, ip: Uint8Array): Uint8Array {
  const { bytes, view } = allocate(14 + ip.length)
  bytes.set([2, 0, ...addressBytes(to.address).slice(-4)], 0)
  bytes.set([2, 0, ...addressBytes(from.address).slice(-4)], 6)
  view.setUint16(12, ip[0]! >> 4 === 6 ? 0x86dd : 0x0800)
  bytes.set(ip, 14)
  return bytes
}

/** The 4 or 16 bytes of an address in text. */
export function addressBytes(address: string): Uint8Array {
  if (!address.includes(':')) return Uint8Array.from(address.split('.'), Number)
  const [head = '', tail] = address.split('::')
  const groups = (text: string): string[] => (text === '' ? [] : text.split(':'))
  const zeros = tail === undefined ? 0 : 8 - groups(head).length - groups(tail).length
  const all = [...groups(head), ...Array<string>(zeros).fill('0'), ...groups(tail ?? '')]
  return Uint8Array.from(all.flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff]))
}

function transportChecksum(from: Endpoint, to: Endpoint, protocol: number, bytes: Uint8Array): number {
  const length = Uint8Array.from([0, protocol, bytes.length >> 8, bytes.length & 0xff])
  return internetChecksum([addressBytes(from.address), addressBytes(to.address), length, bytes])
}

/** One's complement sum of 16-bit words. Every part but the last has an even length. */
function internetChecksum(parts: readonly Uint8Array[]): number {
  let sum = 0
  for (const part of parts) {
    for (let at = 0; at < part.length; at += 2) sum += (part[at]! << 8) | (part[at + 1] ?? 0)
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  return ~sum & 0xffff
}

function allocate(size: number): { bytes: Uint8Array; view: DataView } {
  const bytes = new Uint8Array(size)
  return { bytes, view: new DataView(bytes.buffer) }
}
