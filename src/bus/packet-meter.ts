/** The longest remaining length MQTT can say: four bytes of seven bits. */
const MAX_LENGTH_SHIFT = 21

/**
 * Follows the MQTT packets in a byte stream by their lengths, to refuse one
 * that is too large before it is gathered: aedes' parser would take 256 MiB.
 */
export class PacketMeter {
  readonly #maxPacketBytes: number
  /** Bytes of the packet that are still to come. */
  #skip = 0
  /** Bits of the remaining length read so far; -1 before the first header byte. */
  #shift = -1
  #length = 0

  constructor(maxPacketBytes: number) {
    this.#maxPacketBytes = maxPacketBytes
  }

  /** `false`: a packet that began in these bytes is too large, or no MQTT. */
  accepts(bytes: Uint8Array): boolean {
    let at = 0
    while (at < bytes.length) {
      if (this.#skip > 0) {
        const step = Math.min(this.#skip, bytes.length - at)
        this.#skip -= step
        at += step
      } else if (this.#shift < 0) {
        at++
        this.#shift = 0
        this.#length = 0
      } else {
        const byte = bytes[at++]!
        this.#length |= (byte & 0x7f) << this.#shift
        if (byte & 0x80) {
          this.#shift += 7
          if (this.#shift > MAX_LENGTH_SHIFT) return false
        } else {
          if (this.#length > this.#maxPacketBytes) return false
          this.#skip = this.#length
          this.#shift = -1
        }
      }
    }
    return true
  }
}
