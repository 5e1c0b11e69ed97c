/**
 * From a link-layer header to the IP packet in it.
 * Sources: https://www.tcpdump.org/linktypes.html, IEEE 802.3, IEEE 802.1Q.
 */
import { LinkType, type Packet } from './packet.ts'

const EtherType = { ipv4: 0x0800, ipv6: 0x86dd } as const
/** 802.1Q, 802.1ad (QinQ), and the values that came before 802.1ad. */
const vlanTags: readonly number[] = [0x8100, 0x88a8, 0x9100, 0x9200]
/** Bound of stacked VLAN tags. */
const MAX_VLAN_TAGS = 8

/** The address families of IPv4 and IPv6 as Linux, the BSDs and macOS number them. */
const families: readonly number[] = [2, 10, 24, 28, 30]

const known: readonly number[] = Object.values(LinkType)

export const understands = (linkType: number): boolean => known.includes(linkType)

/** Where the IP header of a packet begins; -1 when it carries none. */
export function ipOffset({ bytes, linkType }: Packet): number {
  switch (linkType) {
    case LinkType.ethernet:
      return afterEtherType(bytes, 12)
    case LinkType.linuxSll:
      return afterEtherType(bytes, 14)
    case LinkType.linuxSll2:
      return sll2(bytes)
    case LinkType.null:
    case LinkType.loop:
      return bsd(bytes)
    case LinkType.raw:
    case LinkType.rawBsd:
    case LinkType.rawOpenBsd:
    case LinkType.ipv4:
    case LinkType.ipv6:
      return 0
    default:
      return -1
  }
}

/*
  Ethernet => DST(6) SRC(6) Tagged
  SLL      => PACKET_TYPE(2) ARPHRD(2) LENGTH(2) ADDRESS(8) Tagged
  Tagged   => (TPID(2) TCI(2))* ETHERTYPE(2) payload
           |  LENGTH(2) 0xAAAA03 OUI(3) ETHERTYPE(2) payload      LENGTH < 1536: 802.3 with LLC and SNAP
*/
function afterEtherType(bytes: Uint8Array, start: number): number {
  let at = start
  for (let tags = 0; tags <= MAX_VLAN_TAGS && at + 2 <= bytes.length; tags++) {
    const type = uint16(bytes, at)
    if (isIp(type)) return at + 2
    if (type < 1536) return snap(bytes, at + 2)
    if (!vlanTags.includes(type)) return -1
    at += 4
  }
  return -1
}

function snap(bytes: Uint8Array, at: number): number {
  if (at + 8 > bytes.length || uint16(bytes, at) !== 0xaaaa || bytes[at + 2] !== 3) return -1
  return isIp(uint16(bytes, at + 6)) ? at + 8 : -1
}

/* SLL2 => ETHERTYPE(2) reserved(2) INTERFACE(4) ARPHRD(2) PACKET_TYPE(1) LENGTH(1) ADDRESS(8) payload */
function sll2(bytes: Uint8Array): number {
  if (bytes.length < 20) return -1
  const type = uint16(bytes, 0)
  if (isIp(type)) return 20
  // A tag's TCI and the inner EtherType stand before the payload.
  return vlanTags.includes(type) ? afterEtherType(bytes, 22) : -1
}

/* Null => FAMILY(4) payload      in the capturing host's byte order; Loop: big-endian */
function bsd(bytes: Uint8Array): number {
  if (bytes.length < 4) return -1
  const big = uint16(bytes, 0) * 0x10000 + uint16(bytes, 2)
  const little = (bytes[0]! | (bytes[1]! << 8)) + (bytes[2]! | (bytes[3]! << 8)) * 0x10000
  return families.includes(big) || families.includes(little) ? 4 : -1
}

function isIp(etherType: number): boolean {
  return etherType === EtherType.ipv4 || etherType === EtherType.ipv6
}

function uint16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!
}
