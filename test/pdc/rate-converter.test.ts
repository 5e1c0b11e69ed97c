import { describe, expect, it } from 'vitest'
import { decodeStat } from '../../src/c37118/index.ts'
import { RateConverter, type RateMethod } from '../../src/pdc/rate-converter.ts'
import type { RatedSample } from '../../src/pdc/rated-sample.ts'
import { SlotGrid } from '../../src/streams/index.ts'

const S = 1_000_000
const T0 = 1_700_000_000 * S
const fnom = 50

/** One phasor of 100 V that is so many Hz off nominal, and an analog that counts seconds. */
function sampleAt(timeUs: number, offHz: number, changes: Partial<RatedSample> = {}): RatedSample {
  const angle = (2 * Math.PI * offHz * (timeUs - T0)) / S
  return {
    timeUs,
    timeQuality: 0,
    stat: Uint16Array.of(0),
    phasors: Float64Array.of(100 * Math.cos(angle), 100 * Math.sin(angle)),
    freq: Float64Array.of(fnom + offHz),
    dfreq: Float64Array.of(0),
    analogs: Float64Array.of((timeUs - T0) / S),
    digitals: Uint16Array.of(Math.floor((timeUs - T0) / S)),
    ...changes,
  }
}

interface Run {
  readonly method: RateMethod
  readonly from: number
  readonly to: number
  readonly offHz?: number
  readonly seconds?: number
  readonly without?: (index: number) => boolean
}

function run({ method, from, to, offHz = 0.3, seconds = 4, without = () => false }: Run) {
  const grid = SlotGrid.of({ dataRate: to, timeBase: S })!
  const converter = new RateConverter({ method, from, grid, fnom: [fnom], pmuOfPhasor: [0] })
  const got: (RatedSample & { slot: number; us: number; afterUs: number })[] = []
  for (let index = 0; index <= from * seconds; index++) {
    if (without(index)) continue
    const timeUs = T0 + Math.round((index * S) / from)
    converter.push(sampleAt(timeUs, offHz), (slot, sample) =>
      got.push({ ...sample, slot, us: grid.microsecondsOf(slot) - T0, afterUs: timeUs - grid.microsecondsOf(slot) }),
    )
  }
  return { converter, got, grid }
}

const errorOf = ({ phasors }: RatedSample, us: number, offHz: number): number => {
  const angle = (2 * Math.PI * offHz * us) / S
  return Math.hypot(phasors[0]! - 100 * Math.cos(angle), phasors[1]! - 100 * Math.sin(angle)) / 100
}
const isModified = ({ stat }: RatedSample): boolean => decodeStat(stat[0]!).dataModified

describe('a lower rate', () => {
  it('by the nearest sample has all instants, and says which are of another time', () => {
    const { got } = run({ method: 'nearest', from: 50, to: 30 })
    expect(got).toHaveLength(121)
    for (const sample of got) {
      expect(Math.abs(sample.analogs[0]! * S - sample.us)).toBeLessThanOrEqual(10_000)
      expect(isModified(sample)).toBe(Math.abs(sample.analogs[0]! * S - sample.us) > 2000)
    }
  })

  it('by filter keeps what it can carry: magnitude to 0.1 dB, angle exactly, at the instant it says', () => {
    for (const [to, offHz] of [
      [10, 4],
      [25, 9],
      [30, -11],
    ] as const) {
      const { got, converter } = run({ method: 'filter', from: 50, to, offHz })
      const full = got.filter(({ us }) => us > converter.groupDelayUs)
      expect(full.length).toBeGreaterThan(20)
      for (const sample of full) {
        const [re, im] = sample.phasors
        const angle = (2 * Math.PI * offHz * sample.us) / S
        expect(Math.abs(20 * Math.log10(Math.hypot(re!, im!) / 100))).toBeLessThan(0.1)
        const turned = Math.atan2(im!, re!) - angle
        expect(Math.abs(Math.atan2(Math.sin(turned), Math.cos(turned)))).toBeLessThan(1e-3)
        expect(isModified(sample)).toBe(true)
      }
    }
  })

  it('by filter lets nothing through that would come out as something else', () => {
    const { got, converter } = run({ method: 'filter', from: 50, to: 10, offHz: 7 })
    for (const { us, phasors } of got) {
      if (us > converter.groupDelayUs) expect(Math.hypot(...phasors)).toBeLessThan(1)
    }
  })

  it('by filter comes as late as the filter is long, and no later', () => {
    const { got, converter } = run({ method: 'filter', from: 50, to: 10 })
    expect(new Set(got.map(({ afterUs }) => afterUs))).toEqual(new Set([converter.groupDelayUs]))
  })

  it('by filter does without a sample that is missing, and without an instant where too many are', () => {
    const { got, converter } = run({
      method: 'filter',
      from: 50,
      to: 10,
      seconds: 6,
      without: (index) => index === 77 || (index > 100 && index < 120),
    })
    const at = (us: number) => got.find((sample) => sample.us === us)
    expect(errorOf(at(1_500_000)!, 1_500_000, 0.3)).toBeLessThan(0.01)
    expect(at(2_200_000)?.phasors[0] ?? Number.NaN).toBeNaN()
    expect(errorOf(at(4_500_000)!, 4_500_000, 0.3)).toBeLessThan(0.01)
    expect(converter.groupDelayUs).toBeLessThan(1_000_000)
  })

  it('misses a value where it is missing, and no other', () => {
    const grid = SlotGrid.of({ dataRate: 10, timeBase: S })!
    const converter = new RateConverter({ method: 'filter', from: 50, grid, fnom: [fnom], pmuOfPhasor: [0] })
    const got: RatedSample[] = []
    for (let index = 0; index < 200; index++) {
      const timeUs = T0 + index * 20_000
      const changes = index > 80 && index < 100 ? { analogs: Float64Array.of(Number.NaN) } : {}
      converter.push(sampleAt(timeUs, 0.3, changes), (_, sample) => got.push(sample))
    }
    const sample = got.find(({ timeUs }) => timeUs === T0 + 1_800_000)!
    expect(sample.analogs[0]).toBeNaN()
    expect(errorOf(sample, 1_800_000, 0.3)).toBeLessThan(0.01)
  })
})

describe('a higher rate', () => {
  it('by hold has the sample before until the next one comes, and says so', () => {
    const { got } = run({ method: 'hold', from: 10, to: 50 })
    expect(got.map(({ us }) => us)).toEqual(Array.from({ length: 201 }, (_, n) => n * 20_000))
    for (const sample of got) {
      expect(sample.analogs[0]).toBeCloseTo(Math.floor(sample.us / 100_000) / 10, 9)
      expect(isModified(sample)).toBe(sample.us % 100_000 !== 0)
    }
  })

  it.each([0.3, 2, 4.5, 6, -8])('by interpolation goes the way that a phasor goes that is %d Hz off', (offHz) => {
    const { got } = run({ method: 'interpolate', from: 10, to: 50, offHz })
    expect(got).toHaveLength(201)
    for (const sample of got) {
      expect(errorOf(sample, sample.us, offHz)).toBeLessThan(1e-6)
      expect(sample.analogs[0]).toBeCloseTo(sample.us / S, 9)
    }
  })

  it('knows nothing in a hole', () => {
    for (const method of ['hold', 'interpolate', 'nearest'] as const) {
      const { got } = run({ method, from: 10, to: 50, without: (index) => index > 10 && index < 15 })
      expect(got.filter(({ us }) => us > 1_000_000 && us < 1_500_000)).toEqual([])
      expect(got).toHaveLength(201 - 24)
    }
  })
})

describe('samples out of order', () => {
  it('are refused', () => {
    const grid = SlotGrid.of({ dataRate: 50, timeBase: S })!
    const converter = new RateConverter({ method: 'nearest', from: 50, grid, fnom: [fnom], pmuOfPhasor: [0] })
    const push = (index: number): boolean => converter.push(sampleAt(T0 + index * 20_000, 0), () => {})
    expect([push(0), push(2), push(1), push(2), push(3)]).toEqual([true, true, false, false, true])
  })
})
