/**
 * Writes the classic capture format. Source: draft-ietf-opsawg-pcap.
 */
import { LinkType } from './packet.ts'
import { MAX_PACKET_SIZE } from './pcap-reader.ts'

export interface PcapWriterOptions {
  readonly linkType?: number
  /** Timestamps in nanoseconds instead of microseconds. */
  readonly nanoseconds?: boolean
  readonly littleEndian?: boolean
}

/** Gives the bytes of a pcap file piece by piece; where they go is the caller's business. Pure. */
export class PcapWriter {
  readonly #linkType: number
  readonly #nanoseconds: boolean
  readonly #littleEndian: boolean

  constructor({ linkType = LinkType.ethernet, nanoseconds = false, littleEndian = true }: PcapWriterOptions = {}) {
    this.#linkType = linkType
    this.#nanoseconds = nanoseconds
    this.#littleEndian = littleEndian
  }

  /** What the file begins with. */
  header(): Uint8Array {
    const view = new DataView(new ArrayBuffer(24))
    view.setUint32(0, this.#nanoseconds ? 0xa1b23c4d : 0xa1b2c3d4, this.#littleEndian)
    view.setUint16(4, 2, this.#littleEndian)
    view.setUint16(6, 4, this.#littleEndian)
    view.setUint32(16, MAX_PACKET_SIZE, this.#littleEndian)
    view.setUint32(20, this.#linkType, this.#littleEndian)
    return new Uint8Array(view.buffer)
  }

  /** One record. `timeUs`: microseconds since the UNIX epoch. `originalLength`: on the wire, where `bytes` was cut. */
  packet(bytes: Uint8Array, timeUs: number, originalLength: number = bytes.length): Uint8Array {
    const record = new Uint8Array(16 + bytes.length)
    const view = new DataView(record.buffer)
    const seconds = Math.floor(timeUs / 1e6)
    const fraction = (timeUs - seconds * 1e6) * (this.#nanoseconds ? 1000 : 1)
    view.setUint32(0, seconds, this.#littleEndian)
    view.setUint32(4, Math.floor(fraction), this.#littleEndian)
    view.setUint32(8, bytes.length, this.#littleEndian)
    view.setUint32(12, originalLength, this.#littleEndian)
    record.set(bytes, 16)
    return record
  }
}
