import { createHash } from 'node:crypto'
import fc from 'fast-check'
import mqttPacket from 'mqtt-packet'
import { expect, it } from 'vitest'
import { PublishWriter } from '../../src/bus/publish-writer.ts'

interface Publish {
  readonly topic: string
  /** Its length and digest: cheaper to compare. */
  readonly payload: string
  readonly id: number
  readonly retain: boolean
}

const brief = (bytes: Buffer): string => `${bytes.length} ${createHash('sha1').update(bytes).digest('hex')}`

/** What an independent parser finds in the written bytes. */
function parse(chunks: readonly Buffer[]): Publish[] {
  const found: Publish[] = []
  const parser = mqttPacket.parser()
  parser.on('error', (error) => {
    throw error
  })
  parser.on('packet', (packet) => {
    if (packet.cmd !== 'publish') return
    const { topic, payload, messageId = 0, retain } = packet
    found.push({ topic, payload: brief(payload as Buffer), id: packet.qos === 1 ? messageId : 0, retain })
  })
  for (const chunk of chunks) parser.parse(chunk)
  return found
}

it('writes what another parser reads, however much it is', async () => {
  const publish = fc.record({
    topic: fc.oneof(fc.stringMatching(/^[a-z]{1,20}(\/[a-z]{1,20}){0,5}$/), fc.constant('fluß/ü')),
    size: fc.oneof(fc.nat(300), fc.constantFrom(0, 127, 128, 16_383, 16_384, 40_000, 300_000)),
    id: fc.oneof(fc.constant(0), fc.integer({ min: 0x8000, max: 0xffff })),
    retain: fc.boolean(),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(publish, { minLength: 1, maxLength: 30 }), async (publishes) => {
      const written: Buffer[] = []
      const writer = new PublishWriter((bytes) => written.push(bytes))
      const expected = publishes.map(({ topic, size, id, retain }, index) => {
        const payload = Buffer.alloc(size, index + 1)
        writer.publish(topic, payload, id, retain)
        return { topic, payload: brief(payload), id, retain }
      })
      await new Promise(setImmediate)
      expect(writer.pending).toBe(0)
      expect(parse(written)).toEqual(expected)
    }),
    { numRuns: 40 },
  )
})

it('writes the first of a turn at once, and once for all that follows', async () => {
  const written: Buffer[] = []
  const writer = new PublishWriter((bytes) => written.push(bytes))
  for (let turn = 1; turn <= 2; turn++) {
    for (let index = 0; index < 100; index++) writer.publish('a/b', Buffer.alloc(54, index), 0x8000 + index, false)
    expect(written).toHaveLength(2 * turn - 1)
    await new Promise(setImmediate)
    expect(written).toHaveLength(2 * turn)
    expect(parse(written)).toHaveLength(100 * turn)
  }
})

it('does not hold back what has gathered until the end of a long turn', () => {
  const written: Buffer[] = []
  const writer = new PublishWriter((bytes) => written.push(bytes))
  for (let index = 0; index < 1000; index++) writer.publish('a/b', Buffer.alloc(54), 0, false)
  expect(written.length).toBeGreaterThan(1)
  writer.close()
})

it('never writes again into bytes it has handed over', async () => {
  const written: Buffer[] = []
  const copies: Buffer[] = []
  const writer = new PublishWriter((bytes) => {
    written.push(bytes)
    copies.push(Buffer.from(bytes))
  })
  for (let index = 0; index < 20_000; index++) writer.publish('a/b', Buffer.alloc(54, index), 0, false)
  await new Promise(setImmediate)
  expect(Buffer.concat(written).equals(Buffer.concat(copies))).toBe(true)
})

it('writes nothing after it was closed', async () => {
  const written: Buffer[] = []
  const writer = new PublishWriter((bytes) => written.push(bytes))
  writer.publish('a', Buffer.alloc(1), 0, false)
  writer.publish('a', Buffer.alloc(1), 0, false)
  writer.close()
  await new Promise(setImmediate)
  expect(written).toHaveLength(1)
})
