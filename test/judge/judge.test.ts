import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Judge, type Verdict } from '../../judge/index.ts'

const count = 10_000

/** 10,000 frames of one stream, every one with its own timestamp. */
const frames = Array.from({ length: count }, (_, i) => {
  const frame = Buffer.alloc(54, i & 0xff)
  frame.writeUInt16BE(0xaa01, 0)
  frame.writeUInt32BE(1_700_000_000 + Math.floor(i / 50), 6)
  frame.writeUInt32BE((i % 50) * 20_000, 10)
  return frame
})

function judgeOf(read: readonly Uint8Array[], written: readonly Uint8Array[] = frames): Verdict {
  const judge = new Judge()
  for (const frame of written) judge.wrote('S', frame)
  for (const frame of read) judge.read('S', frame)
  return judge.verdict()
}

const clean = { published: count, delivered: count, lost: 0, duplicated: 0, differing: 0, reordered: 0 }

describe('the judge', () => {
  it('finds nothing to say of a line that carried everything', () => {
    expect(judgeOf(frames)).toMatchObject(clean)
  })

  it('says when one frame in 10,000 is missing, wherever it was', () => {
    fc.assert(
      fc.property(fc.nat(count - 1), (at) => {
        expect(judgeOf(frames.toSpliced(at, 1))).toMatchObject({ ...clean, delivered: count - 1, lost: 1 })
      }),
      { numRuns: 10 },
    )
  })

  it('says when two frames changed places', () => {
    const [a, b] = [frames[4711]!, frames[4712]!]
    expect(judgeOf(frames.toSpliced(4711, 2, b, a))).toMatchObject({ ...clean, reordered: 1 })
  })

  it('says when a bit flipped, and does not call that frame lost as well', () => {
    fc.assert(
      fc.property(fc.nat(count - 1), fc.integer({ min: 14, max: 53 }), fc.nat(7), (at, byte, bit) => {
        const flipped = Buffer.from(frames[at]!)
        flipped[byte]! ^= 1 << bit
        expect(judgeOf(frames.toSpliced(at, 1, flipped))).toMatchObject({
          ...clean,
          delivered: count - 1,
          differing: 1,
        })
      }),
      { numRuns: 10 },
    )
  })

  it('says when a bit of the timestamp flipped', () => {
    const flipped = Buffer.from(frames[5]!)
    flipped[9]! ^= 0x80
    expect(judgeOf(frames.toSpliced(5, 1, flipped))).toMatchObject({ delivered: count - 1, lost: 1, differing: 1 })
  })

  it('says when a frame came twice', () => {
    expect(judgeOf(frames.toSpliced(77, 0, frames[70]!))).toMatchObject({ ...clean, duplicated: 1 })
  })

  it('takes the same bytes written twice for two frames', () => {
    const twice = [frames[0]!, frames[0]!, frames[1]!]
    expect(judgeOf(twice, twice)).toMatchObject({ published: 3, delivered: 3, lost: 0, duplicated: 0 })
    expect(judgeOf([frames[0]!, frames[1]!], twice)).toMatchObject({ published: 3, delivered: 2, lost: 1 })
  })

  it('does not mistake one stream for another', () => {
    const judge = new Judge()
    judge.wrote('A', frames[0]!)
    judge.read('B', frames[0]!)
    expect(judge.verdict()).toMatchObject({ published: 1, delivered: 0, lost: 1, differing: 1 })
    expect(judge.verdict('A')).toMatchObject({ lost: 1, differing: 0 })
  })

  it('counts from where the reader joined, when told so, and not one frame less', () => {
    const judge = new Judge({ from: 'first-read' })
    for (const frame of frames) judge.wrote('S', frame)
    for (const frame of frames.slice(1000, -1)) judge.read('S', frame)
    expect(judge.verdict()).toMatchObject({ published: count - 1000, delivered: count - 1001, lost: 1 })
  })

  it('calls a stream lost that nobody ever read', () => {
    const judge = new Judge({ from: 'first-read' })
    for (const frame of frames) judge.wrote('S', frame)
    expect(judge.verdict()).toMatchObject({ published: count, delivered: 0, lost: count })
  })

  it('calls lost what is under way beyond its bound', () => {
    const judge = new Judge({ maxUnderWay: 10 })
    for (const frame of frames.slice(0, 15)) judge.wrote('S', frame)
    for (const frame of frames.slice(0, 15)) judge.read('S', frame)
    expect(judge.verdict()).toMatchObject({ published: 15, delivered: 10, lost: 5 })
  })

  it('gives latency quantiles within 1 %', () => {
    const judge = new Judge()
    for (const [i, frame] of frames.entries()) {
      judge.wrote('S', frame, i)
      judge.read('S', frame, i + 1 + i / count)
    }
    const { p50, p99 } = judge.verdict().latency_ms
    expect(p50! / 1.5).toBeCloseTo(1, 1)
    expect(p99! / 1.99).toBeCloseTo(1, 1)
  })
})
