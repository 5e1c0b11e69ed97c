/** Writes pcapng blocks for tests, after draft-ietf-opsawg-pcapng. */
export class PcapngWriter {
  readonly #littleEndian: boolean

  constructor({ littleEndian = true } = {}) {
    this.#littleEndian = littleEndian
  }

  section(): Uint8Array {
    const body = this.#fields([0x1a2b3c4d, 4], [1, 2], [0, 2], [0xffffffff, 4], [0xffffffff, 4])
    return this.block(0x0a0d0d0a, body)
  }

  interface(linkType: number, { snapLength = 0, tsResolution, tsOffset }: InterfaceOptions = {}): Uint8Array {
    const options = [
      this.#option(2, Buffer.from('eth0')),
      ...(tsResolution === undefined ? [] : [this.#option(9, Uint8Array.of(tsResolution))]),
      ...(tsOffset === undefined ? [] : [this.#option(14, this.#int64(tsOffset))]),
      this.#option(0, new Uint8Array(0)),
    ]
    return this.block(1, Buffer.concat([this.#fields([linkType, 2], [0, 2], [snapLength, 4]), ...options]))
  }

  enhancedPacket(interfaceId: number, ticks: bigint, bytes: Uint8Array, originalLength = bytes.length): Uint8Array {
    const fields = this.#fields([interfaceId, 4], ...ticksOf(ticks), [bytes.length, 4], [originalLength, 4])
    return this.block(6, Buffer.concat([fields, padded(bytes), this.#option(1, Buffer.from('comment'))]))
  }

  /** The obsolete packet block. */
  packet(interfaceId: number, ticks: bigint, bytes: Uint8Array): Uint8Array {
    const fields = this.#fields([interfaceId, 2], [0, 2], ...ticksOf(ticks), [bytes.length, 4], [bytes.length, 4])
    return this.block(2, Buffer.concat([fields, padded(bytes)]))
  }

  simplePacket(bytes: Uint8Array, originalLength = bytes.length): Uint8Array {
    return this.block(3, Buffer.concat([this.#fields([originalLength, 4]), padded(bytes)]))
  }

  block(type: number, body: Uint8Array): Uint8Array {
    const length: Field = [12 + body.length, 4]
    return Buffer.concat([this.#fields([type, 4], length), body, this.#fields(length)])
  }

  #option(code: number, value: Uint8Array): Uint8Array {
    return Buffer.concat([this.#fields([code, 2], [value.length, 2]), padded(value)])
  }

  #int64(value: bigint): Uint8Array {
    const view = new DataView(new ArrayBuffer(8))
    view.setBigInt64(0, value, this.#littleEndian)
    return new Uint8Array(view.buffer)
  }

  #fields(...fields: Field[]): Uint8Array {
    const view = new DataView(new ArrayBuffer(fields.reduce((sum, [, size]) => sum + size, 0)))
    let at = 0
    for (const [value, size] of fields) {
      if (size === 2) view.setUint16(at, value, this.#littleEndian)
      else view.setUint32(at, value, this.#littleEndian)
      at += size
    }
    return new Uint8Array(view.buffer)
  }
}

type Field = [value: number, size: 2 | 4]

interface InterfaceOptions {
  readonly snapLength?: number
  readonly tsResolution?: number
  readonly tsOffset?: bigint
}

const ticksOf = (ticks: bigint): [Field, Field] => [
  [Number(ticks >> 32n), 4],
  [Number(ticks & 0xffffffffn), 4],
]

const padded = (bytes: Uint8Array): Uint8Array => Buffer.concat([bytes, new Uint8Array(-bytes.length & 3)])
