import { createFlow, type Direction, type Flow, type FlowSink } from './flow.ts'
import { Fragments } from './fragments.ts'
import { addressText, IpPacket, Protocol, readIp } from './ip.ts'
import { ipOffset, understands } from './link-layer.ts'
import type { Packet } from './packet.ts'
import { type HeldBudget, TcpStream } from './tcp-stream.ts'

export interface FlowAssemblerOptions {
  /** Flows known at the same time; beyond it a quarter gives way: ignored ones first, then the longest silent. */
  readonly maxFlows?: number
  /** Bytes that wait for a missing segment, over all flows. */
  readonly maxHeldBytes?: number
}

export interface FlowCounts {
  packets: number
  /** Packets of a link type that is not understood. */
  unknownLinkType: number
  /** ARP, LLDP, GOOSE, ...: nothing with an IP header. */
  notIp: number
  /** IP, but neither TCP nor UDP. */
  otherProtocol: number
  /** Headers that make no sense, or were cut off. */
  malformed: number
  /** Cut off by the capture's snaplen: part of the payload is not there. */
  cutOff: number
  flows: number
  evictedFlows: number
  fragmentsReassembled: number
  fragmentsAbandoned: number
  /** Bytes of TCP that came more than once. */
  repeatedBytes: number
}

interface Way {
  readonly direction: Direction
  readonly key: string
  readonly tcp: TcpStream | undefined
  readonly tracked: Tracked
}

interface Tracked {
  readonly flow: Flow
  readonly ways: [forward: Way, backward: Way]
  lastPacket: number
  rank: Rank
}

/** What a flow is worth when room is needed: the lowest gives way first. */
type Rank = 0 | 1 | 2
const Rank = { ignored: 0, unknown: 1, wanted: 2 } as const

const TCP_FLAG = { fin: 1, syn: 2, rst: 4, ack: 16 } as const

/** Sorts packets into flows and puts each TCP direction in order. Everything it holds is bounded. */
export class FlowAssembler {
  readonly #sink: FlowSink
  readonly #maxFlows: number
  readonly #budget: HeldBudget
  readonly #ways = new Map<string, Way>()
  readonly #tracked = new Map<Flow, Tracked>()
  readonly #fragments = new Fragments()
  readonly #ip = new IpPacket()
  readonly #counts = {
    packets: 0,
    unknownLinkType: 0,
    notIp: 0,
    otherProtocol: 0,
    malformed: 0,
    cutOff: 0,
    flows: 0,
    evictedFlows: 0,
    repeatedBytes: 0,
  }

  constructor(sink: FlowSink, { maxFlows = 4096, maxHeldBytes = 67_108_864 }: FlowAssemblerOptions = {}) {
    this.#sink = sink
    this.#maxFlows = maxFlows
    this.#budget = { held: 0, max: maxHeldBytes }
  }

  get counts(): FlowCounts {
    let repeatedBytes = this.#counts.repeatedBytes
    for (const { ways } of this.#tracked.values()) repeatedBytes += repeatedOf(ways)
    return {
      ...this.#counts,
      repeatedBytes,
      fragmentsReassembled: this.#fragments.reassembled,
      fragmentsAbandoned: this.#fragments.abandoned,
    }
  }

  packet(packet: Packet): void {
    this.#counts.packets++
    const offset = ipOffset(packet)
    if (offset < 0) {
      this.#counts[understands(packet.linkType) ? 'notIp' : 'unknownLinkType']++
      return
    }
    const ip = this.#ip
    if (!readIp(packet.bytes, offset, ip)) {
      this.#counts.malformed++
      return
    }
    if (ip.truncated) this.#counts.cutOff++
    if (ip.fragmented && !this.#fragments.add(ip, packet.timeUs)) return
    if (ip.protocol === Protocol.tcp) this.#tcp(packet.timeUs)
    else if (ip.protocol === Protocol.udp) this.#udp(packet.timeUs)
    else this.#counts.otherProtocol++
  }

  /** The capture is over: delivers what waits, reports what is missing. */
  end(): void {
    for (const flow of [...this.#tracked.keys()]) this.#forget(flow)
    this.#fragments.end()
  }

  /** This flow is worth keeping when others must go. */
  want(flow: Flow): void {
    const tracked = this.#tracked.get(flow)
    if (tracked) tracked.rank = Rank.wanted
  }

  /** Nobody is interested: its packets are passed over until a new connection begins. */
  ignore(flow: Flow): void {
    const tracked = this.#tracked.get(flow)
    if (tracked) tracked.rank = Rank.ignored
  }

  /*
    TCP => SRC(2) DST(2) SEQ(4) ACK(4) OFFSET(4bit) reserved(4bit) FLAGS(8bit) WINDOW(2) CHECKSUM(2) URGENT(2) options
      OFFSET => of the payload, in 4 bytes
  */
  #tcp(timeUs: number | undefined): void {
    const { bytes, start, end } = this.#ip
    const payloadStart = end - start < 20 ? end + 1 : start + (bytes[start + 12]! >> 4) * 4
    if (payloadStart > end || payloadStart < start + 20) {
      this.#counts.malformed++
      return
    }
    const flags = bytes[start + 13]!
    const syn = (flags & TCP_FLAG.syn) !== 0
    const way = this.#wayOf('tcp', syn && (flags & TCP_FLAG.ack) !== 0)
    const { tracked } = way
    const other = tracked.ways[way === tracked.ways[0] ? 1 : 0]
    if (tracked.rank === Rank.ignored) {
      way.tcp!.clear()
      other.tcp!.clear()
      if (!syn) return
      tracked.rank = Rank.unknown
    }
    const payload = bytes.subarray(payloadStart, end)
    way.tcp!.segment({
      seq: uint32(bytes, start + 4),
      syn,
      fin: (flags & TCP_FLAG.fin) !== 0,
      payload,
      timeUs,
    })
    if (flags & TCP_FLAG.ack && !(flags & TCP_FLAG.rst)) other.tcp!.acknowledge(uint32(bytes, start + 8), timeUs)
    if (flags & TCP_FLAG.rst) {
      way.tcp!.reset(timeUs)
      other.tcp!.reset(timeUs)
    }
  }

  /* UDP => SRC(2) DST(2) LENGTH(2) CHECKSUM(2)      LENGTH counts the header */
  #udp(timeUs: number | undefined): void {
    const { bytes, start, end } = this.#ip
    const length = end - start < 8 ? 0 : uint16(bytes, start + 4) || end - start
    if (length < 8) {
      this.#counts.malformed++
      return
    }
    const way = this.#wayOf('udp', false)
    if (way.tracked.rank === Rank.ignored) return
    this.#sink.datagram(way.direction, bytes.subarray(start + 8, Math.min(end, start + length)), timeUs)
  }

  #wayOf(transport: 'tcp' | 'udp', answers: boolean): Way {
    const { bytes, addresses, addressLength, start } = this.#ip
    const view = Buffer.from(bytes.buffer, bytes.byteOffset)
    const pair = view.toString('latin1', addresses, addresses + 2 * addressLength)
    const key = `${transport[0]}${pair}${view.toString('latin1', start, start + 4)}`
    const way = this.#ways.get(key) ?? this.#open(transport, key, answers)
    way.tracked.lastPacket = this.#counts.packets
    return way
  }

  #open(transport: 'tcp' | 'udp', key: string, answers: boolean): Way {
    if (this.#tracked.size >= this.#maxFlows) this.#evict()
    const { bytes, addresses, addressLength, start } = this.#ip
    const source = {
      address: addressText(bytes, addresses, addressLength),
      port: uint16(bytes, start),
    }
    const destination = {
      address: addressText(bytes, addresses + addressLength, addressLength),
      port: uint16(bytes, start + 2),
    }
    this.#counts.flows++
    // A SYN with ACK answers one that was not captured.
    const flow = answers
      ? createFlow(this.#counts.flows, transport, destination, source)
      : createFlow(this.#counts.flows, transport, source, destination)
    const back = `${key[0]}${swapped(key.slice(1), addressLength)}`

    const tracked = { flow, lastPacket: 0, rank: Rank.unknown } as unknown as Tracked & { ways: [Way, Way] }
    const forward = this.#way(tracked, flow.forward, answers ? back : key)
    const backward = this.#way(tracked, flow.backward, answers ? key : back)
    tracked.ways = [forward, backward]
    this.#tracked.set(flow, tracked)
    this.#ways.set(forward.key, forward)
    this.#ways.set(backward.key, backward)
    return answers ? backward : forward
  }

  #way(tracked: Tracked, direction: Direction, key: string): Way {
    const sink = this.#sink
    const tcp =
      direction.flow.transport === 'tcp'
        ? new TcpStream(
            {
              bytes: (bytes, timeUs) => sink.bytes(direction, bytes, timeUs),
              gap: (missingBytes, timeUs) => sink.gap(direction, missingBytes, timeUs),
              closed: (timeUs) => sink.closed(direction, timeUs),
            },
            this.#budget,
          )
        : undefined
    return { direction, key, tcp, tracked }
  }

  #evict(): void {
    const byWorth = [...this.#tracked.values()].toSorted((a, b) => a.rank - b.rank || a.lastPacket - b.lastPacket)
    for (const { flow } of byWorth.slice(0, Math.ceil(this.#maxFlows / 4))) {
      this.#counts.evictedFlows++
      this.#forget(flow)
    }
  }

  #forget(flow: Flow): void {
    const { ways } = this.#tracked.get(flow)!
    for (const way of ways) {
      way.tcp?.drain(undefined)
      this.#ways.delete(way.key)
    }
    this.#counts.repeatedBytes += repeatedOf(ways)
    this.#tracked.delete(flow)
    this.#sink.forgotten(flow)
  }
}

function repeatedOf(ways: readonly Way[]): number {
  return ways.reduce((sum, { tcp }) => sum + (tcp?.repeatedBytes ?? 0), 0)
}

/** The key of the other way: addresses and ports change places. */
function swapped(key: string, addressLength: number): string {
  const a = key.slice(0, addressLength)
  const b = key.slice(addressLength, 2 * addressLength)
  return `${b}${a}${key.slice(-2)}${key.slice(-4, -2)}`
}

function uint16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!
}

function uint32(bytes: Uint8Array, at: number): number {
  return uint16(bytes, at) * 0x10000 + uint16(bytes, at + 2)
}
