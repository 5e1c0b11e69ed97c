import { describe, expect, it } from 'vitest'
import {
  type Configuration,
  compileDecoder,
  compileEncoder,
  type DataSample,
  frameTimeOf,
} from '../../../src/c37118/index.ts'
import { clockDoubts, lateDoubts, statusDoubts } from '../../../src/cli/connect/stream-doubts.ts'
import { configurationOf, healthy } from '../../support/measuring-pmu.ts'

interface Signal {
  readonly hz: number
  readonly freq: number
  readonly stat?: number
  readonly timeQuality?: number
}

function samplesOf(configuration: Configuration, { hz, freq, stat = 0, timeQuality = 0 }: Signal): DataSample[] {
  const encoder = compileEncoder(configuration)
  const decoder = compileDecoder(configuration)
  return Array.from({ length: 50 }, (_, i) => {
    const angle = 2 * Math.PI * (((hz - 50) * i) / configuration.dataRate)
    const phasors = configuration.pmus[0]!.phasors.map(() => ({
      re: 7000 * Math.cos(angle),
      im: 7000 * Math.sin(angle),
    }))
    const time = frameTimeOf(1_700_000_000_000_000 + (i * 1_000_000) / configuration.dataRate, configuration.timeBase)
    return decoder.decode(encoder.encode({ ...time, timeQuality, pmus: [{ stat, phasors, freq, dfreq: 0 }] }))
  })
}

const codesOf = (signal: Signal, configuration = configurationOf(healthy)): string[] =>
  statusDoubts(configuration, 0, samplesOf(configuration, signal)).map(({ code }) => code)

describe('statusDoubts', () => {
  it.each([
    ['angles that turn as FREQ says', { hz: 50.2, freq: 50.2 }, []],
    ['angles that stand while FREQ moves', { hz: 50, freq: 50.2 }, ['FREQUENCY']],
    ['a FREQ that no grid has', { hz: 50, freq: 65.536 }, ['FREQUENCY']],
    ['a PMU that knows it is wrong', { hz: 50, freq: 50, stat: 0xc000 }, ['STAT']],
    ['a PMU without synchronisation', { hz: 50, freq: 50, stat: 0x2000 }, ['NOT_SYNCHRONISED']],
    ['a failed clock', { hz: 50, freq: 50, timeQuality: 0x0f }, ['NOT_SYNCHRONISED']],
    ['a clock within a microsecond', { hz: 50, freq: 50, timeQuality: 0x04 }, []],
  ])('judges %s', (_case, signal, codes) => {
    expect(codesOf(signal)).toEqual(codes)
  })

  it('knows that angles of few frames a second say nothing of the frequency', () => {
    expect(codesOf({ hz: 50, freq: 50.2 }, { ...configurationOf(healthy), dataRate: 1 })).toEqual([])
  })
})

describe('clockDoubts', () => {
  it.each([
    ['a PMU window and a network', 80, undefined],
    ['a PMU that is a blink ahead', -50, undefined],
    ['local time', 3_600_040, /2 h|1\.00 h behind.*|local time/],
    ['GPS time', -17_960, /GPS time/],
    ['a clock of another year', 86_400_000 * 400 + 1_234_567, /days behind/],
  ])('judges %s', (_case, latencyMs, text) => {
    const [doubt] = clockDoubts('Feeder 7', latencyMs)
    if (text === undefined) expect(doubt).toBeUndefined()
    else expect(`${doubt?.message}; ${doubt?.hint}`).toMatch(text)
  })
})

describe('lateDoubts', () => {
  it('takes frames behind newer ones for what they may be, and nothing for a doubt where none came', () => {
    expect(lateDoubts('Feeder 7', 0)).toEqual([])
    expect(lateDoubts('Feeder 7', 64)).toMatchObject([
      { code: 'LATE', hint: expect.stringMatching(/PDC-adapter.*clock/) },
    ])
  })
})
