import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeRecord, headOf, isStreamNumber, LOG_MAGIC, LogKind, scanLog } from '../../src/journal/log-entry.ts'
import { frameAt, hexOf, slot } from './support/kept.ts'

interface Entry {
  readonly kind: LogKind
  readonly stream: number
  readonly body: Uint8Array
}

const entry = fc.oneof(
  fc.record({
    kind: fc.constant(LogKind.frame),
    stream: fc.integer({ min: 1, max: 0xfffff }),
    body: fc.nat(100_000).map((n) => frameAt(slot(n), n)),
  }),
  fc.record({
    kind: fc.constantFrom(LogKind.stream, LogKind.segment, LogKind.configuration, LogKind.line, LogKind.filled),
    stream: fc.integer({ min: 1, max: 0xfffff }),
    body: fc.uint8Array({ maxLength: 300 }),
  }),
)

function encode(entries: readonly Entry[]): Buffer {
  return Buffer.concat([
    LOG_MAGIC,
    ...entries.map(({ kind, stream, body }) => {
      if (kind !== LogKind.frame) return encodeRecord(kind, stream, body)
      const head = Buffer.alloc(4)
      head.writeUInt32BE(headOf(kind, stream))
      return Buffer.concat([head, body])
    }),
  ])
}

function scan(bytes: Uint8Array) {
  const entries: Entry[] = []
  const damages: { offset: number; count: number }[] = []
  const { tail } = scanLog(
    bytes,
    (found) => entries.push({ ...found, body: new Uint8Array(found.body) }),
    (offset, count) => damages.push({ offset, count }),
  )
  return { entries, damages, tail }
}

const textOf = ({ kind, stream, body }: Entry): string => `${kind} ${stream} ${hexOf(body)}`

describe('the entries of a log', () => {
  it('are read as they were written', () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 30 }), (entries) => {
        const { entries: read, damages, tail } = scan(encode(entries))
        expect(read.map(textOf)).toEqual(entries.map(textOf))
        expect({ damages, tail }).toEqual({ damages: [], tail: 0 })
      }),
    )
  })

  it('are read up to a torn or zero-filled end, at whatever byte', () => {
    fc.assert(
      fc.property(fc.array(entry, { minLength: 1, maxLength: 10 }), fc.nat(), fc.boolean(), (entries, at, zeros) => {
        const all = encode(entries)
        const cut = LOG_MAGIC.length + (at % (all.length - LOG_MAGIC.length))
        const bytes = zeros ? Buffer.from(all).fill(0, cut) : all.subarray(0, cut)
        const { entries: read, damages } = scan(bytes)
        let end = LOG_MAGIC.length
        const whole = entries.filter((one) => {
          end += encode([one]).length - LOG_MAGIC.length
          // A body may end in zeros of its own.
          return end <= cut || (zeros && all.subarray(cut, end).every((byte) => byte === 0))
        })
        expect(read.map(textOf)).toEqual(whole.slice(0, read.length).map(textOf))
        expect(read.length).toBe(whole.length)
        expect(damages).toEqual([])
      }),
    )
  })

  it('behind a damaged one are read, and the damage is told', () => {
    fc.assert(
      fc.property(fc.array(entry, { minLength: 3, maxLength: 10 }), fc.nat(), fc.nat(7), (entries, where, bit) => {
        const bytes = encode(entries)
        const sizes = entries.map((one) => encode([one]).length - LOG_MAGIC.length)
        const at = LOG_MAGIC.length + (where % (bytes.length - LOG_MAGIC.length - sizes.at(-1)!))
        bytes[at]! ^= 1 << bit
        let end = LOG_MAGIC.length
        const hit = sizes.findIndex((size) => {
          end += size
          return at < end
        })
        const { entries: read, damages } = scan(bytes)
        expect(read.map(textOf)).toEqual(entries.toSpliced(hit, 1).map(textOf))
        expect(damages).toEqual([{ offset: end - sizes[hit]!, count: sizes[hit] }])
      }),
    )
  })

  it('have numbers from 1 to 1,048,575', () => {
    expect([0, 1, 0xfffff, 0x100000].map(isStreamNumber)).toEqual([false, true, true, false])
  })
})
