import { describe, expect, it } from 'vitest'
import { growthOf, type HeapSample, sampleEveryMs } from '../../bench/soak/heap.ts'

const framesPerS = 10_000

/** Ten minutes of samples. */
const samplesOf = (publisher: (atS: number) => number): HeapSample[] =>
  Array.from({ length: 150 }, (_, i) => {
    const atS = (i * sampleEveryMs) / 1000
    return { atMs: atS * 1000, frames: atS * framesPerS, publisher: publisher(atS), consumer: 50e6 }
  })

describe('the growth of memory in a soak', () => {
  it('is the bytes that are kept for each frame', () => {
    expect(
      growthOf(
        samplesOf((atS) => 60e6 + 3 * atS * framesPerS),
        'publisher',
      ),
    ).toBeCloseTo(3, 6)
  })

  it('is none of a journal that fills and empties its memory every 20 s', () => {
    expect(
      Math.abs(
        growthOf(
          samplesOf((atS) => 50e6 + ((atS + 7) % 20) * 700_000),
          'publisher',
        ),
      ),
    ).toBeLessThan(0.01)
  })

  it('is hardly moved by one time of high memory', () => {
    const samples = samplesOf((atS) => 50e6 + (atS > 540 && atS < 600 ? 20e6 : 0))
    expect(growthOf(samples, 'publisher')).toBeLessThan(0.5)
  })

  it('is none of a process that stays as it is, and unknown of too few samples', () => {
    expect(
      growthOf(
        samplesOf(() => 0),
        'consumer',
      ),
    ).toBe(0)
    expect(growthOf(samplesOf(() => 0).slice(0, 9), 'consumer')).toBeNaN()
  })
})
