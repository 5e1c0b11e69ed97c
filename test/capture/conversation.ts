import { type Endpoint, PcapWriter, tcpPacket, udpPacket } from '../../src/capture/index.ts'

export const pdc: Endpoint = { address: '10.0.0.20', port: 36_835 }
export const pmu: Endpoint = { address: '10.0.0.7', port: 4712 }

const none = new Uint8Array(0)

export interface Segment {
  readonly start: number
  readonly end: number
}

/** The packets of a TCP connection on which the PMU sends `stream` in these segments. Sequence numbers wrap on the way. */
export function connection(
  stream: Uint8Array,
  segments: readonly Segment[],
  { from = pdc, to = pmu, joined = false, acknowledged = true } = {},
): Uint8Array[] {
  const client = 1000
  const server = 0xffff_fff0
  const handshake = [
    tcpPacket(from, to, { seq: client, syn: true }, none),
    tcpPacket(to, from, { seq: server, ack: client + 1, syn: true }, none),
    tcpPacket(from, to, { seq: client + 1, ack: (server + 1) >>> 0 }, none),
  ]
  const data = segments.map(({ start, end }) => {
    const seq = (server + 1 + start) >>> 0
    return tcpPacket(to, from, { seq, ack: client + 1 }, stream.subarray(start, end))
  })
  const ack = tcpPacket(from, to, { seq: client + 1, ack: (server + 1 + stream.length) >>> 0 }, none)
  return [...(joined ? [] : handshake), ...data, ...(acknowledged ? [ack] : [])]
}

/** Cuts a stream at these places. */
export function segmentsOf(length: number, cuts: readonly number[]): Segment[] {
  const edges = [...new Set([0, ...cuts.map((cut) => 1 + (cut % Math.max(1, length - 1))), length])]
  const sorted = edges.toSorted((a, b) => a - b)
  return sorted.slice(1).map((end, i) => ({ start: sorted[i]!, end }))
}

/** A pcap file of these packets, one each millisecond. */
export function pcapOf(packets: readonly Uint8Array[], stepUs = 1000): Uint8Array {
  const writer = new PcapWriter()
  return Buffer.concat([writer.header(), ...packets.map((bytes, i) => writer.packet(bytes, 1.7e15 + i * stepUs))])
}

export const datagrams = (payloads: readonly Uint8Array[]): Uint8Array[] =>
  payloads.map((payload) => udpPacket(pmu, pdc, payload))
