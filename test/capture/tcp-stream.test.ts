import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MAX_HELD_BYTES, MAX_HELD_SEGMENTS, TcpStream } from '../../src/capture/tcp-stream.ts'

const ISN = 0xffff_ff00

/** Bytes that tell where they stand: a wrong order cannot look right. */
const content = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8)) & 0xff)

interface Piece {
  readonly start: number
  readonly end: number
}

function open(): {
  stream: TcpStream
  out: Uint8Array[]
  gaps: (number | undefined)[]
  closed: number[]
  held: () => number
} {
  const out: Uint8Array[] = []
  const gaps: (number | undefined)[] = []
  const closed: number[] = []
  const budget = { held: 0, max: 1e9 }
  const stream = new TcpStream(
    {
      bytes: (bytes) => out.push(bytes),
      gap: (missing) => gaps.push(missing),
      closed: () => closed.push(out.reduce((sum, { length }) => sum + length, 0)),
    },
    budget,
  )
  return { stream, out, gaps, closed, held: () => budget.held }
}

const nothing = new Uint8Array(0)
const syn = (timeUs = 0) => ({ seq: ISN, syn: true, fin: false, payload: nothing, timeUs })
const segment = (data: Uint8Array, { start, end }: Piece, timeUs: number | undefined = 0, fin = false) => ({
  seq: (ISN + 1 + start) >>> 0,
  syn: false,
  fin,
  payload: data.subarray(start, end),
  timeUs,
})

/** A stream cut anywhere, each piece sent once or more often, some joined with their neighbour, order disturbed. */
const traffic = fc
  .record({
    length: fc.integer({ min: 1, max: 2000 }),
    cuts: fc.array(fc.integer({ min: 1, max: 1999 }), { maxLength: 40 }),
    again: fc.array(fc.tuple(fc.nat(1999), fc.integer({ min: 1, max: 200 })), { maxLength: 20 }),
    jitter: fc.array(fc.integer({ min: 0, max: 8 }), { minLength: 64, maxLength: 64 }),
  })
  .map(({ length, cuts, again, jitter }) => {
    const edges = [...new Set([0, ...cuts.filter((cut) => cut < length), length])].toSorted((a, b) => a - b)
    const pieces: Piece[] = edges.slice(1).map((end, i) => ({ start: edges[i]!, end }))
    for (const [start, size] of again) {
      if (start < length) pieces.push({ start, end: Math.min(length, start + size) })
    }
    const order = pieces.map((piece, i) => ({ piece, at: i + jitter[i % jitter.length]! }))
    return { length, pieces: order.toSorted((a, b) => a.at - b.at).map(({ piece }) => piece) }
  })

describe('TcpStream', () => {
  it('gives the bytes in order, once, whatever the network did to the segments', () => {
    fc.assert(
      fc.property(traffic, ({ length, pieces }) => {
        const data = content(length)
        const { stream, out, gaps, held } = open()
        stream.segment(syn())
        for (const piece of pieces) stream.segment(segment(data, piece))
        stream.drain(0)
        expect(Buffer.concat(out).equals(data)).toBe(true)
        expect(gaps).toEqual([])
        expect(held()).toBe(0)
      }),
      { numRuns: 500 },
    )
  })

  it('loses nothing but what is missing, and says how much that is', () => {
    fc.assert(
      fc.property(traffic, fc.array(fc.nat(60), { minLength: 1, maxLength: 5 }), ({ length, pieces }, lost) => {
        const data = content(length)
        const { stream, out, gaps } = open()
        stream.segment(syn())
        const kept = pieces.filter((_, i) => !lost.includes(i))
        for (const piece of kept) stream.segment(segment(data, piece))
        stream.acknowledge((ISN + 1 + length) >>> 0, 0)
        stream.drain(0)
        const has = new Set(kept.flatMap(({ start, end }) => Array.from({ length: end - start }, (_, i) => start + i)))
        const expected = data.filter((_, i) => has.has(i))
        expect(Buffer.concat(out).equals(expected)).toBe(true)
        const missing = gaps.reduce<number>((sum, gap) => sum + (gap ?? 0), 0)
        // One byte at the very end may be the FIN, which the acknowledgement counts.
        expect([0, 1]).toContain(length - has.size - missing)
      }),
      { numRuns: 500 },
    )
  })

  it('does not wait for a segment that the other side acknowledged 20 ms ago', () => {
    const data = content(30)
    const { stream, out, gaps } = open()
    stream.segment(syn())
    stream.segment(segment(data, { start: 10, end: 20 }, 1000))
    stream.acknowledge((ISN + 21) >>> 0, 1500)
    expect(out).toEqual([])
    stream.segment(segment(data, { start: 20, end: 30 }, 22_000))
    expect(gaps).toEqual([10])
    expect(Buffer.concat(out)).toEqual(Buffer.from(data.subarray(10)))
  })

  it('waits for the retransmission while the other side has not acknowledged', () => {
    const data = content(30)
    const { stream, out, gaps } = open()
    stream.segment(syn())
    stream.acknowledge((ISN + 1) >>> 0, 0)
    stream.segment(segment(data, { start: 10, end: 20 }, 1000))
    stream.segment(segment(data, { start: 20, end: 30 }, 9e6))
    expect(out).toEqual([])
    stream.segment(segment(data, { start: 0, end: 10 }, 9.1e6))
    expect(Buffer.concat(out)).toEqual(Buffer.from(data))
    expect(gaps).toEqual([])
  })

  it('gives up after a second where only this direction was captured', () => {
    const data = content(30)
    const { stream, gaps } = open()
    stream.segment(syn())
    stream.segment(segment(data, { start: 10, end: 20 }, 0))
    stream.segment(segment(data, { start: 20, end: 25 }, 999_999))
    expect(gaps).toEqual([])
    stream.segment(segment(data, { start: 25, end: 30 }, 1_000_000))
    expect(gaps).toEqual([10])
  })

  it('holds no more than its bounds', () => {
    const data = content(2 * MAX_HELD_BYTES)
    for (const size of [1, 1400]) {
      const { stream, gaps, held } = open()
      stream.segment(syn())
      stream.acknowledge((ISN + 1) >>> 0, 0)
      for (let start = 10, i = 0; i < 2 * MAX_HELD_SEGMENTS; start += size, i++) {
        stream.segment(segment(data, { start, end: start + size }))
        expect(held()).toBeLessThan(MAX_HELD_BYTES + size)
      }
      expect(gaps).toEqual([10])
    }
  })

  it('joins a connection begun before the capture, also when its first segments were swapped', () => {
    const data = content(40)
    const { stream, out, gaps } = open()
    for (const start of [10, 0, 20, 30]) stream.segment(segment(data, { start, end: start + 10 }))
    stream.drain(0)
    expect(Buffer.concat(out)).toEqual(Buffer.from(data))
    expect(gaps).toEqual([])
  })

  it('gives the only segment of a connection begun before the capture', () => {
    const { stream, out } = open()
    stream.segment(segment(content(10), { start: 0, end: 10 }))
    stream.drain(0)
    expect(Buffer.concat(out)).toHaveLength(10)
  })

  it('ends once, behind the last byte, also when the FIN comes first', () => {
    const data = content(20)
    const { stream, closed } = open()
    stream.segment(syn())
    stream.segment(segment(data, { start: 10, end: 20 }, 0, true))
    expect(closed).toEqual([])
    stream.segment(segment(data, { start: 0, end: 10 }))
    stream.segment(segment(data, { start: 10, end: 20 }, 0, true))
    stream.reset(0)
    expect(closed).toEqual([20])
  })

  it('begins anew when another connection uses the same ports', () => {
    const data = content(20)
    const { stream, out, closed, gaps } = open()
    stream.segment(syn())
    stream.segment(segment(data, { start: 0, end: 10 }))
    stream.segment({ seq: 5000, syn: true, fin: false, payload: nothing, timeUs: 1 })
    stream.segment({ seq: 5001, syn: false, fin: false, payload: data.subarray(10), timeUs: 2 })
    expect(closed).toEqual([10])
    expect(gaps).toEqual([])
    expect(Buffer.concat(out)).toEqual(Buffer.from(data))
  })

  it('takes a jump far back for another connection, whose SYN is missing', () => {
    const data = content(20)
    const { stream, out, gaps } = open()
    stream.segment(syn())
    stream.segment(segment(data, { start: 0, end: 10 }))
    stream.segment({ seq: ISN - 100_000_000, syn: false, fin: false, payload: data.subarray(10), timeUs: 2 })
    expect(gaps).toEqual([undefined])
    expect(Buffer.concat(out)).toEqual(Buffer.from(data))
  })

  it('says at the end what was acknowledged and never captured', () => {
    const { stream, gaps } = open()
    stream.segment(syn())
    stream.segment(segment(content(10), { start: 0, end: 10 }))
    stream.acknowledge((ISN + 1 + 64) >>> 0, 0)
    stream.drain(0)
    expect(gaps).toEqual([54])
  })
})
