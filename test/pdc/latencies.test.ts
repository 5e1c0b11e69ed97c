import { describe, expect, it } from 'vitest'
import { Latencies } from '../../src/pdc/latencies.ts'

describe('how long things took', () => {
  it('is told by its least, mean, 99th percentile and most, since it was asked last', () => {
    const latencies = new Latencies()
    for (let us = 1; us <= 10_000; us++) latencies.add(us)
    const { min, mean, p99, max } = latencies.take()!
    expect([min, mean, max]).toEqual([1, 5000.5, 10_000])
    expect(Math.abs(p99 - 9900) / 9900).toBeLessThan(0.1)
    expect(latencies.take()).toBeUndefined()
    latencies.add(7)
    expect(latencies.take()).toEqual({ min: 7, mean: 7, p99: 7, max: 7 })
  })

  it('may be less than nothing, by clocks that differ, and longer than it counts', () => {
    const latencies = new Latencies()
    for (let n = 0; n < 99; n++) latencies.add(-500)
    latencies.add(1e12)
    expect(latencies.take()).toMatchObject({ min: -500, max: 1e12 })
  })
})
