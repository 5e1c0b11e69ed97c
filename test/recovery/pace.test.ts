import { describe, expect, it } from 'vitest'
import { Pace } from '../../src/recovery/pace.ts'
import { simulate } from './support/simulated-link.ts'

/** 20 Mbit/s in bytes per millisecond. */
const MBIT20 = 2500
/** 150,000 frames of 54 bytes: a minute of 50 PMUs. */
const MINUTE = 150_000 * 54

const p99 = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length * 0.99)]!
const most = (values: readonly number[]): number => values.reduce((a, b) => Math.max(a, b), 0)

describe('the pace of pulls, over a simulated link', () => {
  it.each([1, 10, 50])('keeps live frames of %i streams in time while a minute heals over 20 Mbit/s', (streams) => {
    const { steady, healing, healedMs } = simulate({
      bytesPerMs: MBIT20,
      streams,
      backlog: MINUTE,
      untilMs: 60_000,
    })
    expect(healedMs).toBeLessThan(30_000)
    // Twice what is steady, with some milliseconds for what no link is free of.
    expect(p99(healing)).toBeLessThan(2 * p99(steady) + 4)
    expect(most(healing)).toBeLessThan(most(steady) + 20)
    console.log(streams, { p99: p99(healing), steady: p99(steady), max: most(healing), healedMs })
  })
})
