import { describe, expect, it } from 'vitest'
import { compileEncoder, decodeStat } from '../../src/c37118/index.ts'
import { metricSum } from '../support/metric-sum.ts'
import { configurationOf } from './configurations.ts'
import { type Arrival, played } from './played.ts'

const S = 1_000_000
const startUs = 1_700_000_000 * S
const names = ['a', 'b'] as const
const inputs = new Map(names.map((name, at) => [name, configurationOf([{ idcode: at + 1 }])]))

/** A frame of `a` or `b`, of the time that it says, whose analog is `value`. */
function frameOf(input: (typeof names)[number], value: number, timeUs: number, atUs: number): Arrival {
  const encoder = compileEncoder(inputs.get(input)!)
  const columns = encoder.createColumns()
  columns.analogs.fill(value)
  columns.soc = Math.floor(timeUs / S)
  columns.fraction = timeUs % S
  return { input, frame: encoder.encode(columns), atUs }
}

describe('an output by arrival', () => {
  it('has what came since the frame before, whatever its time, and says so in STAT', async () => {
    const hourUs = 3600 * S
    const arrivals = Array.from({ length: 50 }, (_, n) => {
      const atUs = startUs + n * 20_000
      // One clock is an hour ahead, the other has no idea.
      return [frameOf('a', n, atUs + hourUs, atUs + 4000), frameOf('b', 100 + n, 1_000 * S, atUs + 9000)]
    }).flat()
    const { samples, frames, metrics } = played(arrivals, inputs, { wait: 'arrival' })
    const complete = samples.filter(({ pmus }) => pmus.every(({ analogs }) => !Number.isNaN(analogs[0])))
    expect(complete).toHaveLength(50)
    complete.forEach(({ soc, fraction, pmus }, n) => {
      expect(pmus.map(({ analogs }) => analogs[0])).toEqual([n, 100 + n])
      expect((soc - 1_700_000_000) * S + fraction).toBe((n + 1) * 20_000)
    })
    expect(
      samples.every(({ pmus }) =>
        pmus.every(({ stat }, at) => decodeStat(stat).sortedByArrival || Number.isNaN(pmus[at]!.freq)),
      ),
    ).toBe(true)
    expect(decodeStat(complete[0]!.pmus[0]!.stat).sortedByArrival).toBe(true)
    expect(await metricSum(metrics, 'phasorbus_pdc_frames_total', { as: 'complete' })).toBe(50)
    expect(frames.length).toBeGreaterThanOrEqual(50)
  })

  it('has the newest of two that come in one period, and counts the other', async () => {
    const arrivals = [
      frameOf('a', 1, startUs, startUs + 1000),
      frameOf('a', 2, startUs + 1, startUs + 2000),
      frameOf('b', 3, startUs, startUs + 3000),
    ]
    const { samples, metrics } = played(arrivals, inputs, { wait: 'arrival' })
    expect(samples[0]!.pmus.map(({ analogs }) => analogs[0])).toEqual([2, 3])
    expect(await metricSum(metrics, 'phasorbus_pdc_input_unused_frames_total', { reason: 'superseded' })).toBe(1)
  })

  it('goes on by the clock while nothing comes, with all PMUs absent, and passes over a pause of the process', async () => {
    const arrivals = [frameOf('a', 1, startUs, startUs + 1000), frameOf('b', 1, startUs, startUs + 1000)]
    const { samples } = played(arrivals, inputs, { wait: 'arrival' })
    expect(samples.length).toBeGreaterThan(45)
    expect(samples.slice(1).every(({ pmus }) => pmus.every(({ freq }) => Number.isNaN(freq)))).toBe(true)
  })
})
