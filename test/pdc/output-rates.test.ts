import { describe, expect, it } from 'vitest'
import { type Configuration, compileEncoder, decodeConfiguration, decodeStat } from '../../src/c37118/index.ts'
import { metricSum } from '../support/metric-sum.ts'
import { configurationOf } from './configurations.ts'
import { type Arrival, played } from './played.ts'

const S = 1_000_000
const startUs = 1_700_000_000 * S
const float = { polar: true, phasors: 'float32', analogs: 'float32', freq: 'float32' } as const

const slow = configurationOf([{ idcode: 1, format: float }], { dataRate: 10 })
const equal = configurationOf([{ idcode: 2, format: float }], { dataRate: 25 })
const fast = configurationOf([{ idcode: 3, format: float }], { dataRate: 50 })
const inputs = new Map([
  ['slow', slow],
  ['equal', equal],
  ['fast', fast],
])

/** Phasors that turn by 0.5 Hz; the analog is the time in seconds since the start. */
function framesOf(input: string, configuration: Configuration, seconds: number): Arrival[] {
  const encoder = compileEncoder(configuration)
  const columns = encoder.createColumns()
  const count = seconds * configuration.dataRate
  return Array.from({ length: count + 1 }, (_, n) => {
    const us = Math.round((n * S) / configuration.dataRate)
    columns.phasors.set([100, Math.PI * (us / S), 5, 0])
    columns.freq.fill(50.5)
    columns.dfreq.fill(0)
    columns.analogs.fill(us / S)
    columns.soc = 1_700_000_000 + Math.floor(us / S)
    columns.fraction = us % S
    return { input, frame: encoder.encode(columns), atUs: startUs + us + 3000 }
  })
}
const arrivals = [...inputs].flatMap(([name, configuration]) => framesOf(name, configuration, 4))

const run = (changes: object) =>
  played(arrivals, inputs, { dataRate: 25, wait: 'absolute', waitUs: 900_000, ...changes })

describe('an output of 25 frames/s of inputs of 10, 25 and 50', () => {
  it('has all of them in every frame: interpolated, as it is, and every second one', async () => {
    const { samples, metrics } = run({})
    const within = samples.slice(0, 98)
    for (const { soc, fraction, pmus } of within) {
      const atS = soc - 1_700_000_000 + fraction / S
      // In the order of their names.
      for (const { analogs } of pmus) expect(analogs[0]).toBeCloseTo(atS, 5)
      const isBetween = Math.round(atS * 25) % 5 !== 0
      expect(pmus.map(({ stat }) => decodeStat(stat).dataModified)).toEqual([false, false, isBetween])
    }
    expect(await metricSum(metrics, 'phasorbus_pdc_input_unused_frames_total', { reason: 'between' })).toBe(100)
  })

  it('turns phasors on between the samples of a slower one', () => {
    const { samples } = run({})
    for (const { soc, fraction, pmus } of samples.slice(0, 98)) {
      const turns = (soc - 1_700_000_000 + fraction / S) / 2
      const { magnitude, angle } = pmus[2]!.phasors[0]!
      expect(magnitude).toBeCloseTo(100, 3)
      expect(Math.abs(Math.sin(angle / 2 - Math.PI * turns))).toBeLessThan(1e-5)
    }
  })

  it('says in CFG-3 what was done to the phasors, and what a filter adds to window and delay', () => {
    const configuration3 = (changes: object) => decodeConfiguration(run(changes).configurations[0]!.config3)
    const flags = (changes: object): (number | undefined)[] =>
      configuration3(changes).pmus.map(({ phasors }) => phasors[0]!.modification)
    expect(flags({})).toEqual([0, 1 << 3, 1 << 1])
    expect(flags({ rates: { down: 'nearest', up: 'hold' } })).toEqual([0, 1 << 5, 1 << 2])
    const filtered = configuration3({ rates: { down: 'filter' } }).pmus
    expect(filtered.map(({ phasors }) => phasors[0]!.modification)).toEqual([0, 1 << 4, 1 << 1])
    // 15 samples on either side.
    expect(filtered.map(({ groupDelayUs }) => groupDelayUs)).toEqual([0, 300_000, 0])
    expect(filtered.map(({ windowUs }) => windowUs)).toEqual([0, 600_000, 0])
  })

  it('is of the instant that it says, also through the filter', () => {
    const { samples } = run({ rates: { down: 'filter' } })
    for (const { soc, fraction, pmus } of samples.slice(10, 85)) {
      expect(pmus[1]!.analogs[0]).toBeCloseTo(soc - 1_700_000_000 + fraction / S, 3)
    }
  })
})
