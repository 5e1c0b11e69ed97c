import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compileDecoder, decodeConfiguration, decodeHeader, decodeStat, idcodeOf } from '../../src/c37118/index.ts'
import { phasorSymbols, type SimulationInput } from '../../src/simulator/config.ts'
import { Simulation } from '../../src/simulator/simulation.ts'
import { SimulatorError } from '../../src/simulator/simulator-error.ts'
import { type Decoded, framesOf, runSeconds, START_SOC, samplesOf, still } from './support.ts'

const faultOf = (run: () => unknown): unknown => {
  try {
    run()
  } catch (error) {
    if (error instanceof SimulatorError) return error.facts
    throw error
  }
  return undefined
}

const phasorOf = ({ pmu }: Decoded, name: string) => {
  const found = pmu.phasors.find((phasor) => phasor.name === name)
  if (!found) throw new Error(`no phasor ${name}`)
  return found
}

const numberFormat = fc.constantFrom('int16' as const, 'float32' as const)
const anyFormat = fc.record({
  polar: fc.boolean(),
  phasors: numberFormat,
  analogs: numberFormat,
  freq: numberFormat,
})

describe('a simulation', () => {
  it('gives the same bytes for the same seed, and others for another', () => {
    const input: SimulationInput = {
      fleet: { count: 40, rates: [10, 25] },
      script: [
        { kind: 'load-step', at: 0.5, bus: 18, kw: 100 },
        { kind: 'time-sync-loss', at: 1, pmu: 7 },
      ],
    }
    const frames = framesOf({ ...input, seed: 42 }, 2)
    expect(frames).toHaveLength(2 * 20 * 35)
    expect(framesOf({ ...input, seed: 42 }, 2)).toEqual(frames)
    expect(framesOf({ ...input, seed: 43 }, 2)).not.toEqual(frames)
  })

  it('gives a PMU the same frames whoever is beside it', () => {
    const alone = framesOf({ pmus: [{ idcode: 5, bus: 9 }] }, 2)
    const all = framesOf({ pmus: [{ idcode: 5, bus: 9 }], fleet: { count: 3, firstIdcode: 10, rates: [119] } }, 2)
    const same = all.filter((frame) => idcodeOf(frame) === 5)
    const decode = compileDecoder(new Simulation({ pmus: [{ idcode: 5, bus: 9 }] }).pmus[0]!.configuration).decode
    // The power flow's last digits depend on what was solved before: equal to well below the noise.
    for (const [i, frame] of alone.entries()) {
      expect(decode(same[i]!).pmus[0]!.freq).toBe(decode(frame).pmus[0]!.freq)
      expect(decode(same[i]!).pmus[0]!.phasors[0]!.re).toBeCloseTo(decode(frame).pmus[0]!.phasors[0]!.re, 1)
    }
  })

  it('decodes to what was encoded, within the counts of its FORMAT, at any rate in any FORMAT', () => {
    const exact = { polar: false, phasors: 'float32', analogs: 'float32', freq: 'float32' } as const
    fc.assert(
      fc.property(anyFormat, fc.integer({ min: 1, max: 120 }), fc.constantFrom(50, 60), (format, rate, nominalHz) => {
        const input = (chosen: typeof format): SimulationInput => ({
          grid: { nominalHz: nominalHz as 50 | 60 },
          pmus: [{ idcode: 1, bus: 6, rate, format: chosen, phasors: [...phasorSymbols], analogs: ['P', 'Q', 'U'] }],
        })
        const samples = samplesOf(input(format), 1)
        const reference = samplesOf(input(exact), 1)
        const { phasors: channels, fnom } = new Simulation(input(format)).pmus[0]!.configuration.pmus[0]!
        expect(fnom).toBe(nominalHz)
        expect(samples.map(({ fraction }) => fraction)).toEqual(
          Array.from({ length: rate }, (_, k) => Math.round((k / rate) * 1e6)),
        )
        for (const [n, { pmu }] of samples.entries()) {
          const want = reference[n]!.pmu
          expect(Math.abs(pmu.freq - want.freq)).toBeLessThan(format.freq === 'int16' ? 0.51e-3 : 1e-4)
          expect(Math.abs(pmu.dfreq - want.dfreq)).toBeLessThan(format.freq === 'int16' ? 0.51e-2 : 1e-4)
          for (const [i, analog] of pmu.analogs.entries()) {
            expect(Math.abs(analog - want.analogs[i]!)).toBeLessThan(format.analogs === 'int16' ? 0.51 : 1e-3)
          }
          for (const [i, { re, im }] of pmu.phasors.entries()) {
            const count = channels[i]!.phunit! * 1e-5
            const { re: wantRe, im: wantIm, magnitude } = want.phasors[i]!
            const bound = format.phasors === 'float32' ? 1e-6 * magnitude + 1e-6 : count + 0.6e-4 * magnitude
            expect(Math.hypot(re - wantRe, im - wantIm)).toBeLessThan(bound)
          }
          expect(pmu.stat).toBe(want.stat)
        }
      }),
      { numRuns: 60 },
    )
  })

  it('covers every rate from 1 to 120 and every FORMAT at once, each slot of each PMU exactly once', () => {
    const formats = Array.from({ length: 16 }, (_, bits) => ({
      polar: (bits & 1) !== 0,
      phasors: bits & 2 ? ('float32' as const) : ('int16' as const),
      analogs: bits & 4 ? ('float32' as const) : ('int16' as const),
      freq: bits & 8 ? ('float32' as const) : ('int16' as const),
    }))
    const rates = Array.from({ length: 120 }, (_, i) => i + 1)
    const simulation = new Simulation({ fleet: { count: 240, rates, formats } }, START_SOC)
    const decoders = new Map(simulation.pmus.map((pmu) => [pmu, compileDecoder(pmu.configuration)]))
    const fractions = new Map(simulation.pmus.map((pmu) => [pmu, [] as number[]]))
    runSeconds(simulation, 0, 1, (frame, pmu) => {
      const { soc, fraction } = decoders.get(pmu)!.decode(frame)
      expect(soc).toBe(START_SOC)
      fractions.get(pmu)!.push(fraction)
    })
    for (const [pmu, counts] of fractions) {
      expect(counts).toEqual(Array.from({ length: pmu.rate }, (_, k) => Math.round((k * 1e6) / pmu.rate)))
    }
  })

  it('rounds FRACSEC by whatever TIME_BASE it is given', () => {
    const [, second] = framesOf({ timeBase: 16_777_215, pmus: [{ idcode: 1, bus: 1, rate: 50 }] }, 1)
    const decoder = compileDecoder(new Simulation({ pmus: [{ idcode: 1, bus: 1 }] }).pmus[0]!.configuration)
    expect(decoder.decode(second!).fraction).toBe(Math.round(16_777_215 / 50))
  })

  it('describes each PMU in CFG-1, CFG-2, CFG-3 and HEADER', () => {
    const { pmus } = new Simulation({ version: 1, pmus: [{ idcode: 765, bus: 18, branches: ['17-18', '18-33'] }] })
    const [{ frames, configuration }] = pmus as [(typeof pmus)[0]]
    const names = ['VA', 'VB', 'VC', 'V0', 'V1', 'V2']
    for (const branch of ['17-18', '18-33']) names.push(...['IA', 'IB', 'IC', 'I1'].map((name) => `${name} ${branch}`))
    for (const [type, fragments] of [
      [2, frames.config1],
      [3, frames.config2],
      [5, frames.config3],
    ] as const) {
      const decoded = decodeConfiguration(fragments)
      expect(decoded).toMatchObject({ type, idcode: 765, dataRate: 50, version: type === 5 ? 2 : 1 })
      expect(decoded.pmus[0]).toMatchObject({ stn: 'BUS 18 PMU 765', fnom: 50 })
      expect(decoded.pmus[0]!.phasors.map(({ name }) => name)).toEqual(names)
    }
    expect(decodeConfiguration(frames.config3).pmus[0]!.phasors[4]!.component).toBe('positive sequence')
    expect(configuration.pmus[0]!.phasors[6]!.kind).toBe('current')
    expect(decodeHeader(frames.header).text).toContain('bus 18')
  })

  it('hands out frames that nobody writes to again', () => {
    const simulation = new Simulation({ fleet: { count: 50 } }, START_SOC)
    const kept: Uint8Array[] = []
    const copies: Uint8Array[] = []
    runSeconds(simulation, 0, 1, (frame) => {
      kept.push(frame)
      copies.push(frame.slice())
    })
    expect(kept).toEqual(copies)
  })

  it('builds 1,000 PMUs and runs them', () => {
    const simulation = new Simulation({ fleet: { count: 1000 } }, START_SOC)
    const counts = new Map<number, number>()
    runSeconds(simulation, 0, 2, (frame) => counts.set(idcodeOf(frame), (counts.get(idcodeOf(frame)) ?? 0) + 1))
    expect(counts.size).toBe(1000)
    expect(new Set(counts.values())).toEqual(new Set([100]))
    expect(simulation.framesPerSecond).toBe(50_000)
  })

  it.each<[object, SimulationInput]>([
    [
      { code: 'SIMULATOR_DUPLICATE_IDCODE', idcode: 3 },
      { pmus: [{ idcode: 3, bus: 1 }], fleet: { count: 5 } },
    ],
    [{ code: 'SIMULATOR_UNKNOWN_BUS', bus: 34 }, { pmus: [{ idcode: 3, bus: 34 }] }],
    [{ code: 'SIMULATOR_UNKNOWN_BRANCH', branch: '1-33' }, { pmus: [{ idcode: 3, bus: 1, branches: ['1-33'] }] }],
    [{ code: 'SIMULATOR_BAD_SETTINGS' }, { fleet: { count: 1, rates: [121] } }],
    [{ code: 'SIMULATOR_UNKNOWN_PMU', idcode: 9 }, { script: [{ kind: 'pmu-fault', pmu: 9 }] }],
  ])('is refused with %o', (facts, input) => {
    expect(faultOf(() => new Simulation(input))).toMatchObject(facts)
  })

  it('refuses an event that is none, and goes on', () => {
    const simulation = new Simulation({ fleet: { count: 1 } })
    expect(faultOf(() => simulation.trigger({ kind: 'voltage-sag', depth: 2 }))).toMatchObject({
      code: 'SIMULATOR_BAD_EVENT',
    })
    expect(faultOf(() => simulation.trigger({ kind: 'load-step', bus: 99, kw: 1 }))).toMatchObject({
      code: 'SIMULATOR_UNKNOWN_BUS',
    })
    runSeconds(simulation, 0, 1, (frame) => expect(frame).toHaveLength(simulation.pmus[0]!.frameSize))
  })
})

describe('what a PMU sends', () => {
  it('has sequence phasors that are those of its phases', () => {
    const input: SimulationInput = {
      grid: { unbalancePercent: 10 },
      pmus: [{ idcode: 1, bus: 12, phasors: [...phasorSymbols] }],
    }
    for (const sample of samplesOf(input, 1)) {
      for (const [prefix, suffix] of [
        ['V', ''],
        ['I', ' 11-12'],
      ] as const) {
        const [a, b, c, zero, positive, negative] = ['A', 'B', 'C', '0', '1', '2'].map((part) =>
          phasorOf(sample, `${prefix}${part}${suffix}`),
        ) as [ReturnType<typeof phasorOf>, ...ReturnType<typeof phasorOf>[]]
        const turned = ({ re, im }: typeof a, angle: number): [number, number] => [
          re * Math.cos(angle) - im * Math.sin(angle),
          re * Math.sin(angle) + im * Math.cos(angle),
        ]
        const third = (2 * Math.PI) / 3
        for (const [sequence, turn] of [
          [zero, 0],
          [positive, third],
          [negative, -third],
        ] as const) {
          const [bRe, bIm] = turned(b!, turn)
          const [cRe, cIm] = turned(c!, -turn)
          expect(Math.hypot(sequence!.re - (a.re + bRe + cRe) / 3, sequence!.im - (a.im + bIm + cIm) / 3)).toBeLessThan(
            1e-6 * (a.magnitude + b!.magnitude + c!.magnitude),
          )
        }
        expect(negative!.magnitude).toBeGreaterThan(0)
        expect(positive!.magnitude).toBeGreaterThan(10 * negative!.magnitude)
      }
    }
  })

  it('has the noise that was asked for, and none when none was', () => {
    const spread = (phasorPercent: number): number => {
      const samples = samplesOf(
        { ...still, noise: { ...still.noise, phasorPercent }, pmus: [{ idcode: 1, bus: 1 }] },
        20,
      )
      const values = samples.map((sample) => phasorOf(sample, 'VA').re)
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length
      return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length)
    }
    expect(spread(0)).toBeLessThan(1e-3)
    expect(spread(0.1) / (12_660 / Math.sqrt(3) / 1000)).toBeCloseTo(1, 1)
  })

  it('has the power of its branch, as its voltages and currents give it', () => {
    for (const sample of samplesOf({ pmus: [{ idcode: 1, bus: 1 }] }, 1)) {
      let watts = 0
      for (const phase of ['A', 'B', 'C']) {
        const [v, i] = [phasorOf(sample, `V${phase}`), phasorOf(sample, `I${phase} 1-2`)]
        watts += v.re * i.re + v.im * i.im
      }
      expect(sample.pmu.analogs[0]).toBeCloseTo(watts / 1000, 0)
      expect(sample.pmu.analogs[0]).toBeGreaterThan(3500)
      expect(sample.pmu.analogs[0]).toBeLessThan(4400)
    }
  })

  it('turns with a frequency offset: one turn per second and hertz', () => {
    const samples = samplesOf(
      {
        ...still,
        pmus: [{ idcode: 1, bus: 6, rate: 60, format: { polar: true } }],
        script: [{ kind: 'frequency-excursion', hz: 0.5, rampS: 1, durationS: 1e6 }],
      },
      10,
    ).filter(({ t }) => t > 2)
    for (const [i, sample] of samples.slice(1).entries()) {
      const step = phasorOf(sample, 'V1').angle - phasorOf(samples[i]!, 'V1').angle
      expect(Math.sin(step)).toBeCloseTo(Math.sin((2 * Math.PI * 0.5) / 60), 5)
      expect(sample.pmu.freq).toBeCloseTo(50.5, 4)
    }
  })

  it('is healthy: synchronised, good, no trigger', () => {
    for (const { pmu, timeQuality } of samplesOf({ pmus: [{ idcode: 1, bus: 18 }] }, 5)) {
      expect(decodeStat(pmu.stat)).toMatchObject({ dataError: 0, synchronised: true, trigger: false, timeQuality: 1 })
      expect(timeQuality).toBe(0)
      expect(pmu.digitals).toEqual([0b1101])
    }
  })
})
