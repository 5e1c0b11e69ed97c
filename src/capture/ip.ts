/**
 * IPv4 (RFC 791) and IPv6 (RFC 8200) headers. Checksums are not verified:
 * a host that offloads them captures its own packets with wrong ones.
 */

export const Protocol = { tcp: 6, udp: 17 } as const

/** One packet's network layer. Reused from packet to packet, so that the hot path allocates nothing. */
export class IpPacket {
  /** What source and destination address stand in, and from where: 4 + 4 or 16 + 16 bytes. */
  bytes: Uint8Array = new Uint8Array(0)
  addresses = 0
  version: 4 | 6 = 4
  protocol = 0
  /** The payload in {@link bytes}; `end` is where the captured bytes or the packet end, whichever is first. */
  start = 0
  end = 0
  /** The capture cut this packet off before its end. */
  truncated = false

  /** Set for one fragment of a larger packet. */
  fragmented = false
  fragmentId = 0
  fragmentOffset = 0
  moreFragments = false

  get addressLength(): 4 | 16 {
    return this.version === 4 ? 4 : 16
  }
}

/** Bound of the extension headers that are walked through. */
const MAX_EXTENSION_HEADERS = 16

/** Reads the header at `offset`; false when there is none that makes sense. */
export function readIp(bytes: Uint8Array, offset: number, into: IpPacket): boolean {
  const version = (bytes[offset] ?? 0) >> 4
  into.bytes = bytes
  into.fragmented = false
  if (version === 4) return readIpv4(bytes, offset, into)
  return version === 6 && readIpv6(bytes, offset, into)
}

/*
  IPv4 => VERSION(4bit) IHL(4bit) TOS LENGTH(2) ID(2) FLAGS(3bit) OFFSET(13bit) TTL PROTOCOL CHECKSUM(2) SRC(4) DST(4) options
*/
function readIpv4(bytes: Uint8Array, offset: number, into: IpPacket): boolean {
  const headerSize = (bytes[offset]! & 0x0f) * 4
  if (headerSize < 20 || offset + headerSize > bytes.length) return false
  // Segmentation offload leaves 0: then the packet goes as far as it was captured.
  const length = uint16(bytes, offset + 2) || bytes.length - offset
  if (length < headerSize) return false

  into.version = 4
  into.addresses = offset + 12
  into.protocol = bytes[offset + 9]!
  into.start = offset + headerSize
  setEnd(into, offset + length)
  const flags = uint16(bytes, offset + 6)
  into.moreFragments = (flags & 0x2000) !== 0
  into.fragmentOffset = (flags & 0x1fff) * 8
  into.fragmented = into.moreFragments || into.fragmentOffset > 0
  into.fragmentId = uint16(bytes, offset + 4)
  return true
}

/*
  IPv6 => VERSION(4bit) CLASS(8bit) LABEL(20bit) LENGTH(2) NEXT HOPS SRC(16) DST(16) Extension*
  Extension => NEXT SIZE ...        8 + 8 SIZE bytes; authentication: 8 + 4 SIZE; fragment: 8
  Fragment  => NEXT reserved OFFSET(13bit) reserved(2bit) MORE(1bit) ID(4)
*/
function readIpv6(bytes: Uint8Array, offset: number, into: IpPacket): boolean {
  if (offset + 40 > bytes.length) return false
  const length = uint16(bytes, offset + 4) || bytes.length - offset - 40

  into.version = 6
  into.addresses = offset + 8
  let next = bytes[offset + 6]!
  let at = offset + 40
  setEnd(into, at + length)
  for (let headers = 0; isExtension(next); headers++) {
    if (headers === MAX_EXTENSION_HEADERS || at + 8 > into.end) return false
    const size = next === Extension.fragment ? 8 : extensionSize(next, bytes[at + 1]!)
    if (at + size > into.end) return false
    if (next === Extension.fragment) {
      const field = uint16(bytes, at + 2)
      into.moreFragments = (field & 1) !== 0
      into.fragmentOffset = field & 0xfff8
      into.fragmented = into.moreFragments || into.fragmentOffset > 0
      into.fragmentId = uint16(bytes, at + 4) * 0x10000 + uint16(bytes, at + 6)
    }
    next = bytes[at]!
    at += size
    // What follows in a later fragment is the middle of something, no header.
    if (into.fragmented) break
  }
  into.protocol = next
  into.start = at
  return true
}

const Extension = {
  hopByHop: 0,
  routing: 43,
  fragment: 44,
  authentication: 51,
  destination: 60,
  mobility: 135,
} as const
const extensions: readonly number[] = Object.values(Extension)

const isExtension = (next: number): boolean => extensions.includes(next)

function extensionSize(next: number, size: number): number {
  return next === Extension.authentication ? 8 + 4 * size : 8 + 8 * size
}

function setEnd(into: IpPacket, end: number): void {
  into.truncated = end > into.bytes.length
  into.end = Math.min(end, into.bytes.length)
}

/** The address as people write it (RFC 5952 for IPv6). */
export function addressText(bytes: Uint8Array, start: number, length: 4 | 16): string {
  const address = bytes.subarray(start, start + length)
  return length === 4 ? address.join('.') : ipv6Text(address)
}

function ipv6Text(address: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, i) => uint16(address, 2 * i).toString(16))
  let best = { start: 0, length: 1 }
  for (let start = 0; start < 8; start++) {
    let end = start
    while (groups[end] === '0') end++
    if (end - start > best.length) best = { start, length: end - start }
  }
  if (best.length < 2) return groups.join(':')
  return `${groups.slice(0, best.start).join(':')}::${groups.slice(best.start + best.length).join(':')}`
}

function uint16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!
}
