/**
 * The block format of Wireshark: several sections, each in its own byte order,
 * each with its own interfaces. Source: draft-ietf-opsawg-pcapng.
 */
import type { ByteQueue } from './byte-queue.ts'
import { CaptureError } from './capture-error.ts'
import type { Packet } from './packet.ts'
import { MAX_PACKET_SIZE } from './pcap-reader.ts'
import { timeUnit } from './pcapng-time.ts'

/** Bound of the blocks that are held whole (sections, interfaces, packets); all others are skipped as they come. */
export const MAX_BLOCK_SIZE = MAX_PACKET_SIZE + 65_536
/** Bound of the interfaces of one section. */
export const MAX_INTERFACES = 4096

export const SECTION_HEADER = 0x0a0d0d0a
const BYTE_ORDER_MAGIC = 0x1a2b3c4d

const Block = { interface: 1, packet: 2, simplePacket: 3, enhancedPacket: 6 } as const
const held: readonly number[] = [SECTION_HEADER, ...Object.values(Block)]

const Option = { end: 0, tsResolution: 9, tsOffset: 14 } as const

interface Interface {
  readonly linkType: number
  readonly snapLength: number
  readonly toUs: (high: number, low: number) => number
}

/*
  File  => Block+, the first of each section a section header
  Block => TYPE LENGTH body LENGTH      LENGTH counts the whole block, a multiple of 4
*/
export class PcapngReader {
  readonly #onPacket: (packet: Packet) => void
  #littleEndian = false
  #begun = false
  #interfaces: Interface[] = []
  #skipping = 0
  /** What the block being waited for needs in all, from the queue's first byte on. */
  need = 12

  constructor(onPacket: (packet: Packet) => void) {
    this.#onPacket = onPacket
  }

  /** Whether a block that is passed over has begun and not ended. */
  get midBlock(): boolean {
    return this.#skipping > 0
  }

  /** Takes every whole block out of the queue. */
  read(queue: ByteQueue): void {
    while (this.#skip(queue) && this.#readBlock(queue)) {}
  }

  /** False when the block that is passed over has not come whole yet. */
  #skip(queue: ByteQueue): boolean {
    const now = Math.min(this.#skipping, queue.length)
    queue.skip(now)
    this.#skipping -= now
    this.need = this.#skipping
    return this.#skipping === 0
  }

  #readBlock(queue: ByteQueue): boolean {
    this.need = 12
    if (queue.length < 12) return false
    // The section header's type reads the same in both byte orders: its body tells which.
    if (queue.uint32(0, true) === SECTION_HEADER) this.#littleEndian = this.#sectionByteOrder(queue)
    else if (!this.#begun) throw bad(queue, 'first block', queue.uint32(0, false))

    const type = queue.uint32(0, this.#littleEndian)
    const length = queue.uint32(4, this.#littleEndian)
    if (length < 12 || length % 4 !== 0) throw bad(queue, 'block length', length)
    if (!held.includes(type)) {
      this.#skipping = length
      return true
    }
    if (length > MAX_BLOCK_SIZE) {
      throw new CaptureError(
        { code: 'CAPTURE_TOO_LARGE', offset: queue.offset, size: length, max: MAX_BLOCK_SIZE },
        `the block at byte ${queue.offset} claims ${length} bytes; the file is damaged from here on`,
      )
    }
    this.need = length
    if (queue.length < length) return false
    const trailer = queue.uint32(length - 4, this.#littleEndian)
    if (trailer !== length) throw bad(queue, 'trailing block length', trailer)

    if (type === SECTION_HEADER) this.#section(queue, length)
    else if (type === Block.interface) this.#interface(queue, length)
    else if (type === Block.enhancedPacket) this.#enhancedPacket(queue, length)
    else if (type === Block.packet) this.#packet(queue, length)
    else this.#simplePacket(queue, length)
    return true
  }

  #sectionByteOrder(queue: ByteQueue): boolean {
    if (queue.uint32(8, true) === BYTE_ORDER_MAGIC) return true
    if (queue.uint32(8, false) === BYTE_ORDER_MAGIC) return false
    throw bad(queue, 'byte-order magic', queue.uint32(8, false))
  }

  /* body => MAGIC(4) MAJOR(2) MINOR(2) SECTION_LENGTH(8) options */
  #section(queue: ByteQueue, length: number): void {
    if (length < 28) throw bad(queue, 'section header length', length)
    const major = queue.uint16(12, this.#littleEndian)
    const minor = queue.uint16(14, this.#littleEndian)
    if (major !== 1) {
      throw new CaptureError(
        { code: 'CAPTURE_VERSION_UNSUPPORTED', offset: queue.offset, major, minor },
        `pcapng version ${major}.${minor}, only 1.x is known`,
      )
    }
    this.#begun = true
    this.#interfaces = []
    queue.skip(length)
  }

  /* body => LINKTYPE(2) reserved(2) SNAPLEN(4) options */
  #interface(queue: ByteQueue, length: number): void {
    if (length < 20) throw bad(queue, 'interface description length', length)
    if (this.#interfaces.length === MAX_INTERFACES) {
      throw new CaptureError(
        { code: 'CAPTURE_TOO_LARGE', offset: queue.offset, size: MAX_INTERFACES + 1, max: MAX_INTERFACES },
        `more than ${MAX_INTERFACES} interfaces in one section`,
      )
    }
    const { resolution, offsetSeconds } = this.#timeOptions(queue, 16, length - 4)
    this.#interfaces.push({
      linkType: queue.uint16(8, this.#littleEndian),
      snapLength: queue.uint32(12, this.#littleEndian),
      toUs: timeUnit(resolution, offsetSeconds),
    })
    queue.skip(length)
  }

  /* options => (CODE(2) LENGTH(2) value, padded to 4)* CODE 0 */
  #timeOptions(queue: ByteQueue, start: number, end: number): { resolution: number; offsetSeconds: number } {
    let resolution = 6
    let offsetSeconds = 0
    for (let at = start; at + 4 <= end; ) {
      const code = queue.uint16(at, this.#littleEndian)
      const size = queue.uint16(at + 2, this.#littleEndian)
      if (code === Option.end || at + 4 + size > end) break
      if (code === Option.tsResolution && size >= 1) resolution = queue.uint8(at + 4)
      if (code === Option.tsOffset && size === 8) {
        const high = queue.uint32(at + (this.#littleEndian ? 8 : 4), this.#littleEndian)
        const low = queue.uint32(at + (this.#littleEndian ? 4 : 8), this.#littleEndian)
        offsetSeconds = (high | 0) * 2 ** 32 + low
      }
      at += 4 + size + (-size & 3)
    }
    return { resolution, offsetSeconds }
  }

  /* body => INTERFACE(4) HIGH(4) LOW(4) CAPLEN(4) LEN(4) bytes, padded to 4, options */
  #enhancedPacket(queue: ByteQueue, length: number): void {
    if (length < 32) throw bad(queue, 'enhanced packet length', length)
    this.#timedPacket(queue, length, queue.uint32(8, this.#littleEndian))
  }

  /* body => INTERFACE(2) DROPS(2) HIGH(4) LOW(4) CAPLEN(4) LEN(4) bytes, padded to 4, options; obsolete */
  #packet(queue: ByteQueue, length: number): void {
    if (length < 32) throw bad(queue, 'packet block length', length)
    this.#timedPacket(queue, length, queue.uint16(8, this.#littleEndian))
  }

  #timedPacket(queue: ByteQueue, length: number, interfaceId: number): void {
    const from = this.#interfaces[interfaceId]
    if (!from) throw bad(queue, 'interface of a packet', interfaceId)
    const size = queue.uint32(20, this.#littleEndian)
    if (size > length - 32) throw bad(queue, 'captured length', size)
    const timeUs = from.toUs(queue.uint32(12, this.#littleEndian), queue.uint32(16, this.#littleEndian))
    const originalLength = queue.uint32(24, this.#littleEndian)
    const bytes = queue.take(length).subarray(28, 28 + size)
    this.#onPacket({ bytes, linkType: from.linkType, timeUs, originalLength })
  }

  /* body => LEN(4) bytes, padded to 4; of interface 0, cut at its SNAPLEN; no time */
  #simplePacket(queue: ByteQueue, length: number): void {
    if (length < 16) throw bad(queue, 'simple packet length', length)
    const from = this.#interfaces[0]
    if (!from) throw bad(queue, 'interface of a packet', 0)
    const originalLength = queue.uint32(8, this.#littleEndian)
    const size = Math.min(originalLength, from.snapLength || originalLength, length - 16)
    const bytes = queue.take(length).subarray(12, 12 + size)
    this.#onPacket({ bytes, linkType: from.linkType, timeUs: undefined, originalLength })
  }
}

function bad(queue: ByteQueue, what: string, value: number): CaptureError {
  return new CaptureError(
    { code: 'CAPTURE_BAD_BLOCK', offset: queue.offset, what, value },
    `${what} ${value} in the pcapng block at byte ${queue.offset}; the file is damaged from here on`,
  )
}
