import type { IpPacket } from './ip.ts'

/** Bound of the packets that are put together at the same time; the oldest gives way. */
export const MAX_FRAGMENTED = 64
/** An IP packet cannot be longer. */
const MAX_LENGTH = 65_535
/** RFC 1122, 3.3.2: a packet that is not whole after 60 s never will be. */
const TIMEOUT_US = 60e6

interface Partial {
  readonly bytes: Uint8Array
  /** What is there, as disjoint ranges in order. */
  ranges: { start: number; end: number }[]
  /** Known once the last fragment is there. */
  length: number | undefined
  protocol: number
  readonly since: number | undefined
}

/** Puts fragmented IP packets together again. Overlaps: what came first stays. */
export class Fragments {
  readonly #partial = new Map<string, Partial>()
  /** Packets put together. */
  reassembled = 0
  /** Packets given up, incomplete. */
  abandoned = 0

  /** Takes a fragment; true when `packet` is now the whole packet. */
  add(packet: IpPacket, timeUs: number | undefined): boolean {
    const key = fragmentKey(packet)
    let partial = this.#partial.get(key)
    if (partial && isOver(partial.since, timeUs)) {
      this.#abandon(key)
      partial = undefined
    }
    if (!partial) {
      if (this.#partial.size === MAX_FRAGMENTED) this.#abandon(this.#partial.keys().next().value!)
      partial = { bytes: new Uint8Array(MAX_LENGTH), ranges: [], length: undefined, protocol: 0, since: timeUs }
      this.#partial.set(key, partial)
    }
    const end = packet.fragmentOffset + packet.end - packet.start
    if (end > MAX_LENGTH) {
      this.#abandon(key)
      return false
    }
    if (packet.fragmentOffset === 0) partial.protocol = packet.protocol
    if (!packet.moreFragments && !packet.truncated) partial.length ??= end
    fill(partial, packet.fragmentOffset, packet.bytes.subarray(packet.start, packet.end))

    const [first, second] = partial.ranges
    if (partial.length === undefined || second || first?.start !== 0 || first.end < partial.length) return false
    this.#partial.delete(key)
    this.reassembled++
    replace(packet, partial.bytes.slice(0, partial.length), partial.protocol)
    return true
  }

  /** The capture is over. */
  end(): void {
    this.abandoned += this.#partial.size
    this.#partial.clear()
  }

  #abandon(key: string): void {
    this.#partial.delete(key)
    this.abandoned++
  }
}

function fragmentKey({ bytes, addresses, addressLength, version, fragmentId, protocol }: IpPacket): string {
  const pair = Buffer.from(bytes.buffer, bytes.byteOffset + addresses, 2 * addressLength).toString('latin1')
  // RFC 791 tells packets apart by protocol too; RFC 8200 does not.
  return `${pair}${fragmentId}/${version === 4 ? protocol : ''}`
}

function isOver(since: number | undefined, now: number | undefined): boolean {
  return since !== undefined && now !== undefined && now - since > TIMEOUT_US
}

function fill(partial: Partial, offset: number, piece: Uint8Array): void {
  let at = offset
  const end = offset + piece.length
  const merged: Partial['ranges'] = []
  const grown = { start: offset, end }
  for (const range of partial.ranges) {
    if (range.end < offset || range.start > end) {
      merged.push(range)
      continue
    }
    if (at < range.start) partial.bytes.set(piece.subarray(at - offset, range.start - offset), at)
    at = Math.max(at, Math.min(range.end, end))
    grown.start = Math.min(grown.start, range.start)
    grown.end = Math.max(grown.end, range.end)
  }
  if (at < end) partial.bytes.set(piece.subarray(at - offset), at)
  merged.push(grown)
  partial.ranges = merged.toSorted((a, b) => a.start - b.start)
}

/** The addresses stay where they are in the last fragment's bytes, so they are put before the payload. */
function replace(packet: IpPacket, payload: Uint8Array, protocol: number): void {
  const size = 2 * packet.addressLength
  const bytes = new Uint8Array(size + payload.length)
  bytes.set(packet.bytes.subarray(packet.addresses, packet.addresses + size))
  bytes.set(payload, size)
  packet.bytes = bytes
  packet.addresses = 0
  packet.start = size
  packet.end = bytes.length
  packet.protocol = protocol
  packet.truncated = false
  packet.fragmented = false
}
