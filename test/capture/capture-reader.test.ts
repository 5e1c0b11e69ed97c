import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  CaptureError,
  type CaptureFault,
  CaptureReader,
  LinkType,
  type Packet,
  PcapWriter,
  type ReaderReport,
} from '../../src/capture/index.ts'
import { inPieces } from './collect.ts'
import { PcapngWriter } from './pcapng-writer.ts'

interface Read {
  readonly packets: Packet[]
  readonly raw: Uint8Array
  readonly report: ReaderReport
  readonly thrown: CaptureFault | undefined
}

function read(chunks: Iterable<Uint8Array>): Read {
  const packets: Packet[] = []
  const raw: Uint8Array[] = []
  let thrown: CaptureFault | undefined
  const reader = new CaptureReader({ packet: (packet) => packets.push(packet), raw: (bytes) => raw.push(bytes) })
  try {
    for (const chunk of chunks) reader.push(chunk)
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error
    thrown = error.facts
  }
  const report = reader.end()
  return { packets, raw: Buffer.concat(raw), report, thrown }
}

const one = Uint8Array.of(1, 2, 3, 4, 5)
const two = Uint8Array.of(6, 7)
const at = 1_700_000_000_123_456

const plain = ({ bytes, linkType, timeUs, originalLength }: Packet) => [[...bytes], linkType, timeUs, originalLength]

function pcap(options: { nanoseconds?: boolean; littleEndian?: boolean } = {}): Uint8Array {
  const writer = new PcapWriter({ linkType: LinkType.raw, ...options })
  return Buffer.concat([writer.header(), writer.packet(one, at), writer.packet(two, at + 0.75, 99)])
}

describe('pcap', () => {
  it.each([
    [false, false, 0],
    [false, true, 0],
    [true, false, 0.75],
    [true, true, 0.75],
  ])('is read (nanoseconds %s, little-endian %s)', (nanoseconds, littleEndian, rest) => {
    const { packets, report } = read([pcap({ nanoseconds, littleEndian })])
    expect(packets.map(plain)).toEqual([
      [[...one], 101, at, 5],
      [[...two], 101, at + rest, 99],
    ])
    expect(report).toEqual({ format: 'pcap', bytes: pcap().length, packets: 2 })
  })

  it('is read with the longer records of a patched libpcap', () => {
    const writer = new PcapWriter()
    const header = writer.header()
    new DataView(header.buffer).setUint32(0, 0xa1b2cd34, true)
    const record = writer.packet(one, at)
    const longer = Buffer.concat([record.subarray(0, 16), new Uint8Array(8), record.subarray(16)])
    expect(read([Buffer.concat([header, longer, longer])]).packets.map(({ bytes }) => [...bytes])).toEqual([
      [...one],
      [...one],
    ])
  })

  it('may be empty', () => {
    expect(read([new PcapWriter().header()]).report).toEqual({ format: 'pcap', bytes: 24, packets: 0 })
  })

  it('refuses a packet longer than any snaplen, after giving those before it', () => {
    const bytes = Buffer.concat([pcap(), new Uint8Array(8), Uint8Array.of(0, 0, 5, 0), new Uint8Array(4)])
    const { packets, thrown, report } = read([bytes])
    expect(packets).toHaveLength(2)
    expect(thrown).toEqual({ code: 'CAPTURE_TOO_LARGE', offset: pcap().length, size: 0x50000, max: 262_144 })
    expect(report.fault).toEqual(thrown)
  })

  it('refuses a version that nobody ever wrote', () => {
    const bytes = pcap()
    bytes[4] = 9
    expect(read([bytes]).thrown).toEqual({ code: 'CAPTURE_VERSION_UNSUPPORTED', offset: 0, major: 9, minor: 4 })
  })
})

function pcapng(littleEndian: boolean): Uint8Array {
  const writer = new PcapngWriter({ littleEndian })
  const other = new PcapngWriter({ littleEndian: !littleEndian })
  return Buffer.concat([
    writer.section(),
    writer.interface(LinkType.ethernet),
    writer.interface(LinkType.raw, { tsResolution: 9, tsOffset: -3600n }),
    writer.interface(LinkType.loop, { tsResolution: 0x80 | 20 }),
    writer.block(4, new Uint8Array(70_000)),
    writer.enhancedPacket(0, BigInt(at), one, 60),
    writer.enhancedPacket(1, BigInt(at) * 1000n + 250n, two),
    writer.enhancedPacket(2, (1_700_000_000n << 20n) | (1n << 19n), two),
    writer.packet(0, BigInt(at), two),
    other.section(),
    other.interface(LinkType.linuxSll, { snapLength: 4 }),
    other.simplePacket(one.subarray(0, 4), 5),
    other.enhancedPacket(0, 7n, one),
  ])
}

const expectedOfPcapng = [
  [[...one], LinkType.ethernet, at, 60],
  [[...two], LinkType.raw, at + 0.25 - 3600e6, 2],
  [[...two], LinkType.loop, 1_700_000_000_500_000, 2],
  [[...two], LinkType.ethernet, at, 2],
  [[1, 2, 3, 4], LinkType.linuxSll, undefined, 5],
  [[...one], LinkType.linuxSll, 7, 5],
]

describe('pcapng', () => {
  it.each([true, false])(
    'is read: sections, interfaces, resolutions, every packet block (little-endian %s)',
    (little) => {
      const { packets, report } = read([pcapng(little)])
      expect(packets.map(plain)).toEqual(expectedOfPcapng)
      expect(report).toEqual({ format: 'pcapng', bytes: pcapng(little).length, packets: 6 })
    },
  )

  const writer = new PcapngWriter()
  const start = Buffer.concat([writer.section(), writer.interface(1)])
  const broken = writer.enhancedPacket(0, 1n, one)
  broken[broken.length - 4]! ^= 4

  it.each([
    ['a packet of an interface that was not described', writer.enhancedPacket(7, 1n, one), 'interface of a packet', 7],
    ['a block whose two lengths differ', broken, 'trailing block length', broken.length ^ 4],
    ['a length that is no multiple of 4', Uint8Array.of(6, 0, 0, 0, 33, 0, 0, 0, 0, 0, 0, 0), 'block length', 33],
    ['a packet longer than its block', patched(writer.enhancedPacket(0, 1n, one), 20, 200), 'captured length', 200],
    ['a section in no byte order', patched(writer.section(), 8, 0), 'byte-order magic', 0],
  ])('refuses %s', (_case, block, what, value) => {
    expect(read([Buffer.concat([start, block])]).thrown).toEqual({
      code: 'CAPTURE_BAD_BLOCK',
      offset: start.length,
      what,
      value,
    })
  })

  it('refuses a giant block before holding it', () => {
    const { thrown } = read([Buffer.concat([start, Uint8Array.of(6, 0, 0, 0, 0, 0, 0, 0x40, 0, 0, 0, 0)])])
    expect(thrown).toMatchObject({ code: 'CAPTURE_TOO_LARGE', size: 0x40000000 })
  })
})

describe('any capture', () => {
  const samples: [string, Uint8Array][] = [
    ['pcap', pcap()],
    ['pcapng', pcapng(true)],
  ]

  it.each(samples)('%s is the same however it was chunked', (_name, bytes) => {
    const whole = read([bytes]).packets.map(plain)
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }), (sizes) => {
        expect(read(inPieces(bytes, sizes)).packets.map(plain)).toEqual(whole)
      }),
    )
  })

  it.each(samples)('%s cut off anywhere gives what was whole, and says so', (_name, bytes) => {
    const whole = read([bytes]).packets.map(plain)
    for (let length = 4; length < bytes.length; length++) {
      const { packets, report, thrown } = read([bytes.subarray(0, length)])
      expect(thrown).toBeUndefined()
      expect(packets.map(plain)).toEqual(whole.slice(0, packets.length))
      if (report.fault) {
        expect(report.fault).toMatchObject({ code: 'CAPTURE_TRUNCATED' })
        const { offset, need, have } = report.fault as CaptureFault & { need: number; have: number }
        expect(offset + have).toBe(length)
        expect(need).toBeGreaterThan(have)
      }
    }
    expect(read([bytes.subarray(0, bytes.length - 1)]).report.fault).toBeDefined()
  })

  it('fails only with CaptureError, whatever the bytes', () => {
    const mutated = fc.tuple(
      fc.constantFrom(...samples.map(([, bytes]) => bytes)),
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 8 }),
    )
    fc.assert(
      fc.property(mutated, ([bytes, changes]) => {
        const copy = Uint8Array.from(bytes)
        for (const [where, value] of changes) copy[where % copy.length] = value
        expect(read([copy]).report.bytes).toBe(copy.length)
      }),
      { numRuns: 2000 },
    )
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => void read([noise])))
  })

  it.each([
    ['gzip', [0x1f, 0x8b, 8, 0]],
    ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
    ['xz', [0xfd, 0x37, 0x7a, 0x58]],
  ])('that is compressed (%s) is named as such', (format, magic) => {
    expect(read([Uint8Array.from(magic)]).thrown).toEqual({ code: 'CAPTURE_COMPRESSED', offset: 0, format })
  })

  it('that is neither is taken for a raw stream, from its first byte on', () => {
    const { raw, report } = read([Uint8Array.of(0xaa), Uint8Array.of(1, 0, 16), one])
    expect([...raw]).toEqual([0xaa, 1, 0, 16, ...one])
    expect(report).toEqual({ format: 'raw', bytes: 9, packets: 0 })
    expect(read([Uint8Array.of(0xaa)])).toMatchObject({ raw: Buffer.of(0xaa), report: { format: 'raw' } })
    expect(read([]).report).toEqual({ format: 'empty', bytes: 0, packets: 0 })
  })
})

function patched(bytes: Uint8Array, offset: number, value: number): Uint8Array {
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(offset, value, true)
  return bytes
}
