import { ByteQueue } from './byte-queue.ts'
import { CaptureError, type CaptureFault } from './capture-error.ts'
import type { Packet } from './packet.ts'
import { PcapReader, pcapByteOrder } from './pcap-reader.ts'
import { PcapngReader, SECTION_HEADER } from './pcapng-reader.ts'

/** Where a {@link CaptureReader} puts what it reads. Both calls are synchronous. */
export interface PacketSink {
  packet(packet: Packet): void
  /** Bytes of an input that is no packet capture: a C37.118 byte stream, such as GSF's `.PmuCapture`. */
  raw(bytes: Uint8Array): void
}

export type CaptureFormat = 'pcap' | 'pcapng' | 'raw' | 'empty'

export interface ReaderReport {
  readonly format: CaptureFormat
  readonly bytes: number
  readonly packets: number
  /** Why reading ended before the input did, or that the input ended inside a packet. */
  readonly fault?: CaptureFault
}

const compressed: readonly (readonly [number, number, 'gzip' | 'zstd' | 'xz' | 'lz4'])[] = [
  [0x1f8b0000, 0xffff0000, 'gzip'],
  [0x28b52ffd, 0xffffffff, 'zstd'],
  [0xfd377a58, 0xffffffff, 'xz'],
  [0x04224d18, 0xffffffff, 'lz4'],
]

/**
 * Reads a capture as it comes, in chunks of any size, from a file or a pipe.
 * The format is found out from the first four bytes, never from a name. Holds
 * at most one packet or block (MAX_PACKET_SIZE, MAX_BLOCK_SIZE).
 */
export class CaptureReader {
  readonly #sink: PacketSink
  readonly #queue = new ByteQueue()
  #format: CaptureFormat = 'empty'
  #records: PcapReader | PcapngReader | undefined
  #bytes = 0
  #packets = 0
  #fault: CaptureError | undefined

  constructor(sink: PacketSink) {
    this.#sink = sink
  }

  /**
   * Takes the chunk over: it must not be written to again. A damaged file
   * throws {@link CaptureError}, again on every later push; what came before
   * the damage has been delivered.
   */
  push(chunk: Uint8Array): void {
    if (this.#fault) throw this.#fault
    this.#bytes += chunk.length
    try {
      this.#read(chunk)
    } catch (error) {
      if (error instanceof CaptureError) this.#fault = error
      throw error
    }
  }

  /** The input is over. Never throws: an input that ends inside a packet is said in the report. */
  end(): ReaderReport {
    if (this.#format === 'empty' && this.#queue.length > 0 && !this.#fault) {
      this.#format = 'raw'
      this.#sink.raw(this.#queue.take(this.#queue.length))
    }
    const fault = this.#fault?.facts ?? this.#truncation()
    const report = { format: this.#format, bytes: this.#bytes, packets: this.#packets }
    return fault ? { ...report, fault } : report
  }

  #read(chunk: Uint8Array): void {
    if (this.#format === 'raw') {
      this.#sink.raw(chunk)
      return
    }
    this.#queue.push(chunk)
    if (this.#format === 'empty' && !this.#detect()) return
    this.#records?.read(this.#queue)
  }

  #detect(): boolean {
    if (this.#queue.length < 4) return false
    const magic = this.#queue.uint32(0, false)
    const onPacket = (packet: Packet): void => {
      this.#packets++
      this.#sink.packet(packet)
    }
    for (const [value, mask, format] of compressed) {
      if ((magic & mask) >>> 0 === value) {
        throw new CaptureError(
          { code: 'CAPTURE_COMPRESSED', offset: 0, format },
          `the input is compressed (${format}): decompress it first, or pipe it in decompressed`,
        )
      }
    }
    if (pcapByteOrder(magic)) {
      this.#format = 'pcap'
      this.#records = new PcapReader(onPacket)
    } else if (magic === SECTION_HEADER) {
      this.#format = 'pcapng'
      this.#records = new PcapngReader(onPacket)
    } else {
      this.#format = 'raw'
      this.#sink.raw(this.#queue.take(this.#queue.length))
    }
    return true
  }

  #truncation(): CaptureFault | undefined {
    if (!this.#records) return undefined
    const have = this.#queue.length
    const atBoundary = have === 0 && this.#queue.offset > 0 && !this.#records.midBlock
    return atBoundary
      ? undefined
      : { code: 'CAPTURE_TRUNCATED', offset: this.#queue.offset, need: this.#records.need, have }
  }
}
