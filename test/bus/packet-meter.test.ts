import fc from 'fast-check'
import { expect, it } from 'vitest'
import { PacketMeter } from '../../src/bus/packet-meter.ts'
import { PublishWriter } from '../../src/bus/publish-writer.ts'

function publishes(sizes: readonly number[]): Buffer {
  const written: Buffer[] = []
  const writer = new PublishWriter((bytes) => written.push(Buffer.from(bytes)))
  for (const size of sizes) writer.publish('t', Buffer.alloc(size, 0xff), 0, false)
  writer.flush()
  writer.close()
  return Buffer.concat(written)
}

it('accepts a stream exactly when no packet in it is too large, however it is cut', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(2000), { minLength: 1, maxLength: 10 }),
      fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1 }),
      (sizes, steps) => {
        const bytes = publishes(sizes)
        const meter = new PacketMeter(1003)
        let accepted = true
        for (let at = 0, step = 0; at < bytes.length && accepted; step++) {
          const length = steps[step % steps.length]!
          accepted = meter.accepts(bytes.subarray(at, at + length))
          at += length
        }
        // A topic of one letter makes three bytes beside the payload.
        expect(accepted).toBe(sizes.every((size) => size <= 1000))
      },
    ),
  )
})

it('refuses a length of more than four bytes', () => {
  expect(new PacketMeter(1e9).accepts(Uint8Array.of(0x30, 0xff, 0xff, 0xff, 0xff))).toBe(false)
})
