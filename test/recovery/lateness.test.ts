import { describe, expect, it } from 'vitest'
import { Lateness } from '../../src/recovery/lateness.ts'

describe('lateness of live frames', () => {
  it('is what a frame takes longer than the quickest of its stream, whatever the clocks say', () => {
    const lateness = new Lateness()
    const offsetMs = 987_654
    expect([5, 9, 3, 4].map((delayMs, n) => lateness.of(n * 20 + delayMs + offsetMs, n * 20_000))).toEqual([0, 4, 0, 1])
  })

  it('follows a clock that was set forward within two turns', () => {
    const lateness = new Lateness()
    lateness.of(0, 0)
    expect(lateness.of(1500, 1_000_000)).toBe(500)
    lateness.turn()
    expect(lateness.of(2500, 2_000_000)).toBe(500)
    lateness.turn()
    expect(lateness.of(3500, 3_000_000)).toBe(0)
  })

  it('keeps its measure over turns in which no frame came', () => {
    const lateness = new Lateness()
    lateness.of(0, 0)
    for (let turn = 0; turn < 5; turn++) lateness.turn()
    expect(lateness.of(1007, 1_000_000)).toBe(7)
  })
})
