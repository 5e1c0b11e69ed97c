import { describe, expect, it } from 'vitest'
import {
  type Configuration,
  compileEncoder,
  decodeConfiguration,
  decodeStat,
  FrameType,
} from '../../src/c37118/index.ts'
import { metricSum } from '../support/metric-sum.ts'
import { configurationOf, pmuOf } from './configurations.ts'
import { type Arrival, outputOf, played } from './played.ts'

const S = 1_000_000
const startUs = 1_700_000_000 * S
const float = { polar: true, phasors: 'float32', analogs: 'float32', freq: 'float32' } as const
const now = (us = 0) => ({ utcUs: startUs + us, monotonicUs: us })

/** A frame of this time; its analog is the time since the start in seconds. */
function frameOf(configuration: Configuration, us: number): Uint8Array {
  const encoder = compileEncoder(configuration)
  const columns = encoder.createColumns()
  const timeUs = startUs + us
  columns.soc = Math.floor(timeUs / S)
  columns.fraction = Math.round(((timeUs % S) * configuration.timeBase) / S)
  columns.analogs.fill(us / S)
  columns.phasors.set([100, (Math.PI / 5) * (us / S)])
  columns.freq.fill(50.1)
  return encoder.encode(columns)
}
const arrivalsOf = (input: string, configuration: Configuration, count: number, delayUs = 3000): Arrival[] =>
  Array.from({ length: count }, (_, n) => {
    const us = Math.round((n * S) / configuration.dataRate)
    return { input, frame: frameOf(configuration, us), atUs: startUs + us + delayUs }
  })

describe('an input of which nothing can be made', () => {
  it.each([
    ['without a rate', configurationOf([{ idcode: 9 }], { dataRate: 0 })],
    [
      'with a scale that is no number',
      configurationOf([{ idcode: 9, phasors: [{ name: 'V', kind: 'voltage', scale: Number.NaN }] }], {
        type: FrameType.config3,
      }),
    ],
  ])('is left out, and no other: %s', (_what, odd) => {
    const { output, configurations, frames } = outputOf()
    expect(output.input('odd', odd, {}, now())).toBeUndefined()
    const good = configurationOf([{ idcode: 1 }])
    const input = output.input('good', good, {}, now())!
    output.tick(now(1))
    output.frame(input, frameOf(good, 0), now(3000))
    expect([configurations.length, frames.length]).toEqual([1, 1])
  })

  it('is left out where its PMUs have no room, and those that were there stay', () => {
    const { output } = outputOf()
    const pmus = (count: number, first: number) =>
      configurationOf(Array.from({ length: count }, (_, n) => ({ idcode: first + n, format: float })))
    output.input('b', pmus(1000, 1), {}, now())
    output.tick(now(1))
    output.input('a', pmus(2000, 5000), {}, now(2))
    output.input('c', pmus(100, 9000), {}, now(2))
    output.tick(now(3))
    expect(output.aggregate!.configuration.pmus.map(({ idcode }) => idcode)).toEqual([
      ...Array.from({ length: 1000 }, (_, n) => 1 + n),
      ...Array.from({ length: 100 }, (_, n) => 9000 + n),
    ])
  })
})

describe('an input whose names are long', () => {
  it('has all of them in CFG-3, and as many characters as fit in CFG-1 and CFG-2', () => {
    const { output } = outputOf()
    const stn = 'Umspannwerk Nordwest-Süd'
    const configuration = configurationOf(
      [{ stn, phasors: [{ name: 'Leiterspannung L1ä', kind: 'voltage', scale: 1 }], format: float }],
      { type: FrameType.config3 },
    )
    output.input('long', configuration, {}, now())
    output.tick(now(1))
    const { inForce, config3 } = output.aggregate!
    expect(decodeConfiguration(config3).pmus[0]).toMatchObject({ stn, phasors: [{ name: 'Leiterspannung L1ä' }] })
    expect(decodeConfiguration(inForce).pmus[0]).toMatchObject({
      stn: 'Umspannwerk Nord',
      phasors: [{ name: 'Leiterspannung L' }],
    })
  })
})

describe('an input of another time base and rate', () => {
  it('may count seconds more coarsely than the output has instants', () => {
    const coarse = configurationOf([{ idcode: 1, format: float }], { dataRate: 10, timeBase: 10 })
    const { samples } = played(arrivalsOf('coarse', coarse, 21), new Map([['coarse', coarse]]), {
      wait: 'absolute',
      waitUs: 500_000,
    })
    const within = samples.slice(0, 90)
    expect(within.length).toBe(90)
    for (const { soc, fraction, pmus } of within)
      expect(pmus[0]!.analogs[0]).toBeCloseTo(soc - 1_700_000_000 + fraction / S, 5)
  })

  it('has no two instants alike where the output is ten times as fast', () => {
    const slow = configurationOf([{ idcode: 1, format: float }], { dataRate: 10 })
    const { samples } = played(arrivalsOf('slow', slow, 21), new Map([['slow', slow]]), {
      dataRate: 100,
      wait: 'absolute',
      waitUs: 500_000,
    })
    for (const [n, { pmus }] of samples.slice(0, 180).entries()) {
      expect(pmus[0]!.analogs[0]).toBeCloseTo(n / 100, 5)
      expect(decodeStat(pmus[0]!.stat).dataModified).toBe(n % 10 !== 0)
    }
  })

  it('makes no samples for the years between two clocks', async () => {
    const slow = configurationOf([{ idcode: 1, format: float }], { dataRate: 10 })
    const wild = [-1.6e15, 2.5e15].map((us, n) => ({
      input: 'slow',
      frame: frameOf(slow, us),
      atUs: startUs + 1000 + n,
    }))
    for (const rates of [{ up: 'interpolate' }, { up: 'hold' }]) {
      const { samples, metrics } = played([...wild, ...arrivalsOf('slow', slow, 21)], new Map([['slow', slow]]), {
        wait: 'absolute',
        waitUs: 500_000,
        rates,
      })
      expect(samples.length).toBeLessThan(300)
      const unused = await metricSum(metrics, 'phasorbus_pdc_input_unused_frames_total')
      expect(unused).toBe(2)
    }
    const byArrival = played([...wild, ...arrivalsOf('slow', slow, 21)], new Map([['slow', slow]]), { wait: 'arrival' })
    expect(byArrival.samples.length).toBeLessThan(300)
  })
})

describe('the configuration of an output', () => {
  it('counts its changes in CFGCNT, and is no other when an input says again what it said', () => {
    const { output } = outputOf()
    const one = configurationOf([{ idcode: 1, cfgcnt: 0xffff }])
    output.input('one', one, {}, now())
    output.tick(now(1))
    const counts = (): number[] => output.aggregate!.configuration.pmus.map(({ cfgcnt }) => cfgcnt)
    expect(counts()).toEqual([0xffff])
    output.input('one', { ...one, pmus: [pmuOf({ idcode: 1, cfgcnt: 0xffff })] }, {}, now(2))
    output.tick(now(3))
    expect(counts()).toEqual([0xffff])
    output.input('two', configurationOf([{ idcode: 2, cfgcnt: 3 }]), {}, now(4))
    output.tick(now(5))
    expect(counts()).toEqual([0, 4])
  })

  it('is in force at once after the clock went back', () => {
    const { output, frames } = outputOf({ wait: 'absolute', waitUs: 20_000 })
    const one = configurationOf([{ idcode: 1 }])
    const first = output.input('one', one, {}, now())!
    const aheadUs = 30 * S
    const ahead = (us: number) => ({ utcUs: startUs + aheadUs + us, monotonicUs: us })
    output.tick(ahead(1))
    // Thirty seconds old, by a clock that is ahead.
    output.frame(first, frameOf(one, 0), ahead(3000))
    output.tick(ahead(S))
    const second = output.input('two', configurationOf([{ idcode: 2 }]), {}, ahead(S))!
    output.tick(ahead(S + 1))
    const before = frames.length
    // It is set right.
    for (let us = 2 * S; us < 4 * S; us += 20_000) {
      output.frame(first, frameOf(one, us), now(us + 3000))
      output.frame(second, frameOf(configurationOf([{ idcode: 2 }]), us), now(us + 3000))
    }
    expect(frames.length - before).toBeGreaterThanOrEqual(99)
  })
})
