import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { continueChecksum } from '../../src/c37118/checksum.ts'
import { checksum } from '../../src/c37118/index.ts'
import { PrefixChecksums } from '../../src/c37118/prefix-checksums.ts'
import { golden, hex } from '../fixtures/golden.ts'

/** Bit by bit, as the standard's annex has it. */
function bitwise(bytes: Uint8Array): number {
  let crc = 0xffff
  for (const byte of bytes) {
    crc ^= byte << 8
    for (let bit = 0; bit < 8; bit++) crc = ((crc << 1) ^ (crc & 0x8000 ? 0x1021 : 0)) & 0xffff
  }
  return crc
}

describe('checksum', () => {
  it('has the check value of CRC-16/CCITT-FALSE', () => {
    expect(checksum(new TextEncoder().encode('123456789'))).toBe(0x29b1)
  })

  it.each(Object.entries(golden))('is that of the real frame %s', (_name, text) => {
    const frame = hex(text)
    const carried = (frame.at(-2)! << 8) | frame.at(-1)!
    expect(checksum(frame, 0, frame.length - 2)).toBe(carried)
    expect(checksum(frame)).toBe(0)
  })

  it('agrees with the definition for any bytes and any part of them', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(100), fc.nat(100), (bytes, a, b) => {
        const [start, end] = [Math.min(a, b, bytes.length), Math.min(Math.max(a, b), bytes.length)]
        expect(checksum(bytes, start, end)).toBe(bitwise(bytes.subarray(start, end)))
        expect(continueChecksum(checksum(bytes, 0, start), bytes, start, end)).toBe(bitwise(bytes.subarray(0, end)))
      }),
    )
  })
})

describe('PrefixChecksums', () => {
  it('gives the CRC of any range it has passed, also after letting go of earlier bytes', () => {
    const range = fc.tuple(fc.nat(4000), fc.nat(4000))
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 4000, maxLength: 4000 }),
        fc.array(range, { maxLength: 30 }),
        (bytes, all) => {
          const prefix = new PrefixChecksums()
          prefix.restart(0)
          let floor = 0
          for (const [a, length] of all.toSorted(([a], [b]) => a - b)) {
            const from = Math.max(a, floor)
            const to = Math.min(from + length, bytes.length)
            floor = from
            prefix.release(from)
            if (!prefix.covers(from)) prefix.restart(from)
            // The stream offset of bytes[0] is 0 here, and 10 in a view that begins later.
            expect(prefix.range(from, to, bytes, 0)).toBe(checksum(bytes, from, to))
            if (from >= 10) expect(prefix.range(from, to, bytes.subarray(10), 10)).toBe(checksum(bytes, from, to))
          }
        },
      ),
    )
  })
})
