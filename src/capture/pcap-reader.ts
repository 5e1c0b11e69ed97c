/**
 * The classic capture format, both byte orders, microseconds and nanoseconds,
 * and the longer record header of Kuznetzov's patched libpcap.
 * Source: draft-ietf-opsawg-pcap; libpcap `sf-pcap.c`.
 */
import type { ByteQueue } from './byte-queue.ts'
import { CaptureError } from './capture-error.ts'
import type { Packet } from './packet.ts'

/** libpcap's MAXIMUM_SNAPLEN: a longer packet means that the file is damaged. */
export const MAX_PACKET_SIZE = 262_144

const HEADER_SIZE = 24

const Magic = { micro: 0xa1b2c3d4, nano: 0xa1b23c4d, kuznetzov: 0xa1b2cd34 } as const
const magics: readonly number[] = Object.values(Magic)

/** Whether four bytes, read big-endian, begin a pcap file; and in which byte order. */
export function pcapByteOrder(magic: number): 'big' | 'little' | undefined {
  if (magics.includes(magic)) return 'big'
  return magics.includes(swap32(magic)) ? 'little' : undefined
}

/*
  File   => MAGIC MAJOR MINOR reserved(8) SNAPLEN LINKTYPE Record*
    MAGIC    => UINT32  its byte order is the file's
    MAJOR    => UINT16  2
    MINOR    => UINT16  4
    LINKTYPE => UINT32  FCS(4) reserved(2) linktype(26)
  Record => SECONDS FRACTION CAPLEN LEN bytes(CAPLEN)
    FRACTION => UINT32  µs or ns, by MAGIC
*/
export class PcapReader {
  readonly #onPacket: (packet: Packet) => void
  #littleEndian = false
  #recordHeaderSize = 16
  #fractionPerUs = 1
  #linkType = 0
  #begun = false
  /** What the record being waited for needs in all, from the queue's first byte on. */
  need = HEADER_SIZE
  /** A record stays in the queue until it is whole. */
  readonly midBlock = false

  constructor(onPacket: (packet: Packet) => void) {
    this.#onPacket = onPacket
  }

  /** Takes every whole record out of the queue. */
  read(queue: ByteQueue): void {
    if (!this.#begun) {
      if (queue.length < HEADER_SIZE) return
      this.#readHeader(queue)
    }
    while (this.#readRecord(queue)) {}
  }

  #readHeader(queue: ByteQueue): void {
    this.#littleEndian = pcapByteOrder(queue.uint32(0, false)) === 'little'
    const magic = queue.uint32(0, this.#littleEndian)
    const major = queue.uint16(4, this.#littleEndian)
    const minor = queue.uint16(6, this.#littleEndian)
    if (major !== 2) {
      throw new CaptureError(
        { code: 'CAPTURE_VERSION_UNSUPPORTED', offset: queue.offset, major, minor },
        `pcap version ${major}.${minor}, only 2.x is known`,
      )
    }
    if (magic === Magic.nano) this.#fractionPerUs = 1000
    if (magic === Magic.kuznetzov) this.#recordHeaderSize = 24
    this.#linkType = queue.uint32(20, this.#littleEndian) & 0x03ffffff
    this.#begun = true
    this.need = this.#recordHeaderSize
    queue.skip(HEADER_SIZE)
  }

  #readRecord(queue: ByteQueue): boolean {
    if (queue.length < this.#recordHeaderSize) {
      this.need = this.#recordHeaderSize
      return false
    }
    const size = queue.uint32(8, this.#littleEndian)
    if (size > MAX_PACKET_SIZE) {
      throw new CaptureError(
        { code: 'CAPTURE_TOO_LARGE', offset: queue.offset, size, max: MAX_PACKET_SIZE },
        `the packet record at byte ${queue.offset} claims ${size} bytes; the file is damaged from here on`,
      )
    }
    this.need = this.#recordHeaderSize + size
    if (queue.length < this.need) return false

    const seconds = queue.uint32(0, this.#littleEndian)
    const fraction = queue.uint32(4, this.#littleEndian)
    const originalLength = queue.uint32(12, this.#littleEndian)
    queue.skip(this.#recordHeaderSize)
    this.#onPacket({
      bytes: queue.take(size),
      linkType: this.#linkType,
      timeUs: seconds * 1e6 + fraction / this.#fractionPerUs,
      originalLength,
    })
    return true
  }
}

function swap32(value: number): number {
  return (((value & 0xff) << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24)) >>> 0
}
