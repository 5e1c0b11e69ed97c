import { describe, expect, it } from 'vitest'
import { decodeStat } from '../../src/c37118/index.ts'
import type { SimulationInput } from '../../src/simulator/config.ts'
import type { SimulatorEventInput } from '../../src/simulator/events.ts'
import { Simulation } from '../../src/simulator/simulation.ts'
import { type Decoded, runSeconds, START_SOC, samplesOf, still } from './support.ts'

const NOMINAL_V = 12_660 / Math.sqrt(3)
const triggerReason = { magnitudeLow: 1, frequency: 4, rocof: 5 } as const

const withEvents = (bus: number, ...script: SimulatorEventInput[]): SimulationInput => ({
  ...still,
  pmus: [{ idcode: 765, bus, format: { polar: true } }],
  script,
})

const volts = ({ pmu }: Decoded, name = 'V1'): number =>
  pmu.phasors.find((phasor) => phasor.name === name)!.magnitude / NOMINAL_V
const angle = ({ pmu }: Decoded): number => pmu.phasors.find(({ name }) => name === 'V1')!.angle
const between = (samples: readonly Decoded[], from: number, until: number): Decoded[] =>
  samples.filter(({ t }) => t >= from - 1e-9 && t < until - 1e-9)

describe('the frames of a PMU', () => {
  it('show a load step: less voltage, more current, and a frequency that dips and comes back', () => {
    const samples = samplesOf(
      {
        ...withEvents(18, { kind: 'load-step', at: 5, bus: 18, kw: 400 }),
        noise: { phasorPercent: 0, frequencyMhz: 0 },
      },
      120,
    )
    const before = between(samples, 4, 5).at(-1)!
    const after = between(samples, 5, 6)[0]!
    expect(volts(after)).toBeLessThan(volts(before) - 0.01)
    expect(after.pmu.phasors.at(-1)!.magnitude).toBeGreaterThan(3 * before.pmu.phasors.at(-1)!.magnitude)
    const lowest = samples.reduce((a, b) => (b.pmu.freq < a.pmu.freq ? b : a))
    expect(lowest.t).toBeGreaterThan(5.2)
    expect(lowest.t).toBeLessThan(8)
    expect(lowest.pmu.freq).toBeLessThan(50 - 0.02)
    const droop = between(samples, 14, 15)[0]!.pmu.freq
    expect(droop).toBeGreaterThan(lowest.pmu.freq + 0.005)
    expect(samples.at(-1)!.pmu.freq).toBeCloseTo(50, 2)
  })

  it('show a frequency excursion: there, held, and back, with trigger and reason', () => {
    const samples = samplesOf(
      withEvents(1, { kind: 'frequency-excursion', at: 2, hz: -0.6, rampS: 2, durationS: 10 }),
      14,
    )
    expect(between(samples, 0, 2).every(({ pmu }) => Math.abs(pmu.freq - 50) < 1e-6)).toBe(true)
    for (const { pmu } of between(samples, 5, 9)) {
      expect(pmu.freq).toBeCloseTo(49.4, 3)
      expect(decodeStat(pmu.stat)).toMatchObject({ trigger: true, triggerReason: triggerReason.frequency })
    }
    // DFREQ is the slope of FREQ, all the way.
    for (const [i, { pmu }] of samples.slice(1).entries()) {
      expect((pmu.freq - samples[i]!.pmu.freq) * 50).toBeCloseTo(samples[i]!.pmu.dfreq, 1)
    }
    expect(samples.at(-1)!.pmu.freq).toBeCloseTo(50, 4)
    expect(decodeStat(samples.at(-1)!.pmu.stat).trigger).toBe(false)
  })

  it('show a fast excursion by its rate of change first', () => {
    const samples = samplesOf(withEvents(1, { kind: 'frequency-excursion', at: 1, hz: 0.29, rampS: 0.2 }), 2)
    expect(between(samples, 1.06, 1.2).map(({ pmu }) => decodeStat(pmu.stat).triggerReason)).toEqual(
      expect.arrayContaining([triggerReason.rocof]),
    )
  })

  it('show a voltage sag in its phases for its time, and the trigger for a second more', () => {
    const samples = samplesOf(
      withEvents(1, { kind: 'voltage-sag', at: 1, depth: 0.5, phases: 'ab', durationS: 0.2 }),
      4,
    )
    const during = between(samples, 1, 1.2)
    expect(during).toHaveLength(10)
    for (const sample of during) {
      expect(volts(sample, 'VA')).toBeCloseTo(0.5, 1)
      expect(volts(sample, 'VC')).toBeCloseTo(1, 2)
      expect(volts(sample, 'V2')).toBeGreaterThan(0.1)
      expect(decodeStat(sample.pmu.stat)).toMatchObject({ trigger: true, triggerReason: triggerReason.magnitudeLow })
    }
    for (const sample of [...between(samples, 0, 1), ...between(samples, 1.2, 4)]) {
      expect(volts(sample, 'VA')).toBeCloseTo(1, 2)
    }
    expect(between(samples, 1.2, 2.1).every(({ pmu }) => decodeStat(pmu.stat).trigger)).toBe(true)
    expect(between(samples, 2.3, 4).some(({ pmu }) => decodeStat(pmu.stat).trigger)).toBe(false)
  })

  it.each([0.3, 0.7, 1.5])('show an oscillation of %f Hz in frequency, angle, voltage and power', (hz) => {
    const samples = samplesOf(withEvents(1, { kind: 'oscillation', at: 0, hz, mHz: 80, percent: 2, durationS: 60 }), 60)
    const steady = between(samples, 10, 50)
    for (const read of [
      ({ pmu }: Decoded) => pmu.freq,
      (sample: Decoded) => volts(sample),
      (sample: Decoded) => Math.sin(angle(sample)),
      ({ pmu }: Decoded) => pmu.analogs[1]!,
    ]) {
      expect(strongestFrequency(steady.map(read), 50)).toBeCloseTo(hz, 1)
    }
    const deviations = steady.map(({ pmu }) => pmu.freq - 50)
    expect(Math.max(...deviations)).toBeCloseTo(0.08, 2)
    expect(Math.min(...deviations)).toBeCloseTo(-0.08, 2)
    const voltages = steady.map((sample) => volts(sample))
    expect((Math.max(...voltages) - Math.min(...voltages)) / 2).toBeCloseTo(0.02, 2)
    // Crossings of the mean, counted: two a period.
    expect(crossings(deviations)).toBeGreaterThanOrEqual(2 * hz * 40 - 2)
    expect(crossings(deviations)).toBeLessThanOrEqual(2 * hz * 40 + 2)
  })

  it('show an oscillation that a load forces, most where the load is', () => {
    const event = { kind: 'oscillation', at: 0, hz: 0.8, bus: 18, kw: 150, durationS: 40 } as const
    const swing = (bus: number): number => {
      const steady = between(samplesOf(withEvents(bus, event), 35), 5, 35)
      expect(
        strongestFrequency(
          steady.map((sample) => volts(sample)),
          50,
        ),
      ).toBeCloseTo(0.8, 1)
      expect(
        strongestFrequency(
          steady.map(({ pmu }) => pmu.freq),
          50,
        ),
      ).toBeCloseTo(0.8, 1)
      const values = steady.map((sample) => volts(sample))
      return Math.max(...values) - Math.min(...values)
    }
    expect(swing(18)).toBeGreaterThan(5 * swing(2))
  })

  it('let a damped oscillation die', () => {
    const samples = samplesOf(withEvents(1, { kind: 'oscillation', hz: 1, damping: 0.05, durationS: 60 }), 30)
    const peak = (from: number): number =>
      Math.max(...between(samples, from, from + 2).map(({ pmu }) => Math.abs(pmu.freq - 50)))
    expect(peak(12) / peak(2)).toBeCloseTo(Math.exp(-0.05 * 2 * Math.PI * 10), 1)
  })

  it('show a lost time source: STAT, time quality, and a phase that drifts', () => {
    const samples = samplesOf(
      withEvents(9, { kind: 'time-sync-loss', at: 10, pmu: 765, driftUsPerS: 10, durationS: 120 }),
      135,
    )
    expect(between(samples, 0, 10).every(({ pmu }) => decodeStat(pmu.stat).synchronised)).toBe(true)
    const [early, later] = [between(samples, 12, 13)[0]!, between(samples, 125, 126)[0]!]
    expect(decodeStat(early.pmu.stat)).toMatchObject({ synchronised: false, unlockedTime: 0, timeQuality: 4 })
    expect(decodeStat(later.pmu.stat)).toMatchObject({ synchronised: false, unlockedTime: 2, timeQuality: 6 })
    expect(early.timeQuality).toBe(6)
    expect(later.timeQuality).toBe(8)
    // 115 s of 10 us/s are 1.15 ms: 2 pi 50 Hz times that.
    const right = angle(between(samples, 9, 10)[0]!)
    expect(angle(later) - right).toBeCloseTo(2 * Math.PI * 50 * 1.15e-3, 3)
    expect(later.pmu.freq).toBeCloseTo(50 + 50 * 10e-6, 5)
    expect(later.pmu.digitals).toEqual([0b1001])
    expect(angle(samples.at(-1)!)).toBeCloseTo(right, 4)
    expect(samples.at(-1)).toMatchObject({ timeQuality: 0 })
  })

  it.each([
    ['error', 3],
    ['test', 2],
  ] as const)('show a PMU fault (%s) in STAT bits 15 and 14', (mode, dataError) => {
    const samples = samplesOf(withEvents(9, { kind: 'pmu-fault', at: 1, pmu: 765, mode, durationS: 2 }), 4)
    expect(samples).toHaveLength(200)
    for (const { pmu } of between(samples, 1, 3)) expect(decodeStat(pmu.stat).dataError).toBe(dataError)
    for (const { pmu } of [...between(samples, 0, 1), ...between(samples, 3, 4)]) {
      expect(decodeStat(pmu.stat).dataError).toBe(0)
    }
  })

  it('freeze while the PMU is in error', () => {
    const samples = samplesOf(
      { pmus: [{ idcode: 765, bus: 9 }], script: [{ kind: 'pmu-fault', at: 1, pmu: 765, durationS: 2 }] },
      4,
    )
    const values = between(samples, 1, 3).map(({ pmu }) => pmu.phasors[0]!.re)
    expect(new Set(values).size).toBe(1)
    expect(new Set(between(samples, 3, 4).map(({ pmu }) => pmu.phasors[0]!.re)).size).toBeGreaterThan(40)
  })

  it('are missing while the PMU is silent, and the others go on', () => {
    const simulation = new Simulation({ fleet: { count: 3 } }, START_SOC)
    const counts = new Map<number, number>()
    const count = (): void =>
      runSeconds(simulation, Math.floor(simulation.timeS), Math.floor(simulation.timeS) + 1, (_frame, { idcode }) =>
        counts.set(idcode, (counts.get(idcode) ?? 0) + 1),
      )
    simulation.trigger({ kind: 'pmu-fault', at: 0, pmu: 2, mode: 'silent', durationS: 0.5 })
    count()
    expect([...counts].toSorted()).toEqual([
      [1, 50],
      [2, 25],
      [3, 50],
    ])
  })

  it('show an island: no current over the branch, another frequency, and the way back', () => {
    const island = { kind: 'island', at: 2, branch: '6-26', generationKw: 1000, durationS: 15 } as const
    const samples = samplesOf({ ...withEvents(26, island), noise: { phasorPercent: 0 } }, 60)
    const alone = between(samples, 3, 17)
    expect(Math.max(...alone.map(({ pmu }) => pmu.phasors.at(-1)!.magnitude))).toBe(0)
    expect(Math.max(...alone.map(({ pmu }) => Math.abs(pmu.freq - 50)))).toBeGreaterThan(0.05)
    expect(alone.every(({ pmu }) => (pmu.digitals[0]! & 0b1001) === 0b0001)).toBe(true)
    expect(samples.at(-1)!.pmu.digitals[0]! & 0b1001).toBe(0b1001)
    expect(samples.at(-1)!.pmu.freq).toBeCloseTo(50, 1)
  })

  it('show a collapsed island: frequency falls, then no voltage', () => {
    const samples = samplesOf(
      withEvents(33, { kind: 'island', at: 1, branch: '6-26', generationKw: 400, durationS: 20 }),
      20,
    )
    expect(Math.min(...samples.map(({ pmu }) => pmu.freq))).toBeLessThan(47.2)
    const last = samples.at(-1)!
    expect(volts(last)).toBe(0)
    expect(last.pmu.freq).toBeCloseTo(50, 9)
    expect(decodeStat(last.pmu.stat)).toMatchObject({ trigger: true, triggerReason: triggerReason.magnitudeLow })
    expect(last.pmu.digitals[0]! & 1).toBe(0)
  })
})

describe('an event on command', () => {
  it('begins with the next instant, and all end together when told to', () => {
    const simulation = new Simulation({ ...still, pmus: [{ idcode: 765, bus: 1, analogs: ['P'] }] }, START_SOC)
    const stats: number[] = []
    const run = (from: number, until: number): void =>
      runSeconds(simulation, from, until, (frame) => stats.push((frame[14]! << 8) | frame[15]!))
    run(0, 1)
    const event = simulation.trigger({ kind: 'voltage-sag', depth: 0.5, durationS: 100 })
    expect(event).toMatchObject({ kind: 'voltage-sag', phases: 'abc' })
    simulation.trigger({ kind: 'time-sync-loss', pmu: 765 })
    run(1, 3)
    simulation.endEvents()
    run(3, 6)
    const triggered = stats.map((stat) => decodeStat(stat).trigger)
    expect(triggered.lastIndexOf(false, 49)).toBe(49)
    expect(triggered.slice(50, 150).every(Boolean)).toBe(true)
    expect(triggered.slice(210).some(Boolean)).toBe(false)
    const synchronised = stats.map((stat) => decodeStat(stat).synchronised)
    expect(synchronised.slice(50, 150).some(Boolean)).toBe(false)
    expect(synchronised.slice(150).every(Boolean)).toBe(true)
  })
})

/** The frequency with the largest Fourier component below 5 Hz, by a direct transform in steps of 0.02 Hz. */
function strongestFrequency(values: readonly number[], rate: number): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  let best = 0
  let largest = 0
  for (let hz = 0.1; hz < 5; hz += 0.02) {
    let re = 0
    let im = 0
    for (const [i, value] of values.entries()) {
      re += (value - mean) * Math.cos((2 * Math.PI * hz * i) / rate)
      im += (value - mean) * Math.sin((2 * Math.PI * hz * i) / rate)
    }
    const square = re * re + im * im
    if (square > largest) [best, largest] = [hz, square]
  }
  return best
}

function crossings(values: readonly number[]): number {
  return values.slice(1).filter((value, i) => Math.sign(value) !== Math.sign(values[i]!)).length
}
