import fc from 'fast-check'
import mqttPacket, { type Packet } from 'mqtt-packet'
import { describe, expect, it } from 'vitest'
import { IncomingPackets } from '../../src/bus/incoming-packets.ts'

const MAX = 100_000

function open() {
  const seen: string[] = []
  const others: Buffer[] = []
  const packets = new IncomingPackets(
    {
      publish: (topic, payload, retained, id, isAgain) =>
        seen.push(`publish ${topic} ${payload.length} ${payload[0]} ${retained} ${id}${isAgain ? ' again' : ''}`),
      acknowledged: (id) => seen.push(`acknowledged ${id}`),
      pong: () => seen.push('pong'),
      other: (packet) => {
        others.push(Buffer.from(packet))
        seen.push(`other ${packet[0]! >> 4}`)
      },
      malformed: (problem) => seen.push(`malformed: ${problem}`),
    },
    MAX,
  )
  return { packets, seen, others }
}

const sizes = fc.oneof(fc.nat(200), fc.constantFrom(0, 120, 128, 16_384, 70_000))
const ids = fc.integer({ min: 1, max: 0xffff })
const packet: fc.Arbitrary<{ readonly bytes: Buffer; readonly expected: readonly string[] }> = fc.oneof(
  fc
    .record({
      topic: fc.constantFrom('a', 'a/b/c/PMU/1', 'ü/ö'),
      size: sizes,
      retain: fc.boolean(),
      qos: fc.constantFrom(0, 1),
      dup: fc.boolean(),
      id: ids,
    })
    .map(({ topic, size, retain, qos, dup, id }) => ({
      bytes: generate({
        cmd: 'publish',
        topic,
        payload: Buffer.alloc(size, 7),
        retain,
        qos: qos as 0 | 1,
        dup: dup && qos === 1,
        messageId: id,
      }),
      expected: [
        `publish ${topic} ${size} ${size > 0 ? 7 : undefined} ${retain} ${qos === 1 ? id : 0}${dup && qos === 1 ? ' again' : ''}`,
      ],
    })),
  ids.map((id) => ({
    bytes: generate({ cmd: 'puback', messageId: id }),
    expected: [id >= 0x8000 ? `acknowledged ${id}` : 'other 4'],
  })),
  fc.constant({ bytes: generate({ cmd: 'pingresp' }), expected: ['pong', 'other 13'] }),
  fc.constant({ bytes: generate({ cmd: 'suback', messageId: 3, granted: [0, 1] }), expected: ['other 9'] }),
  fc.constant({
    bytes: generate({ cmd: 'connack', returnCode: 0, sessionPresent: false }),
    expected: ['other 2'],
  }),
)

function generate(what: Packet): Buffer {
  return mqttPacket.generate(what)
}

describe('packets from a broker', () => {
  it('are told apart, however the bytes were cut', () => {
    fc.assert(
      fc.property(
        fc.array(packet, { maxLength: 12 }),
        fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1 }),
        (list, steps) => {
          const { packets, seen, others } = open()
          const bytes = Buffer.concat(list.map((each) => each.bytes))
          for (let at = 0, step = 0; at < bytes.length; step++) {
            const length = steps[step % steps.length]!
            packets.push(bytes.subarray(at, at + length))
            at += length
          }
          expect(seen).toEqual(list.flatMap((each) => each.expected))
          const left = list.filter((each) => each.expected.at(-1)!.startsWith('other')).map((each) => each.bytes)
          expect(Buffer.concat(others)).toEqual(Buffer.concat(left))
        },
      ),
      { numRuns: 60 },
    )
  })

  it.each([
    ['a length of five bytes', [0x30, 0x80, 0x80, 0x80, 0x80, 0x01]],
    ['a packet that is too large', [0x30, 0xff, 0xff, 0x7f]],
    ['a PUBLISH shorter than its topic', [0x30, 3, 0, 9, 0x61]],
    ['a PUBLISH without room for its identifier', [0x32, 3, 0, 1, 0x61]],
  ])('that make no sense end it: %s', (_case, bytes) => {
    const { packets, seen } = open()
    packets.push(Buffer.from(bytes))
    packets.push(generate({ cmd: 'pingresp' }))
    expect(seen).toHaveLength(1)
    expect(seen[0]).toMatch(/^malformed/)
  })

  it('may be anything', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 20 }), (chunks) => {
        const { packets } = open()
        for (const chunk of chunks) packets.push(Buffer.from(chunk))
      }),
    )
  })
})
