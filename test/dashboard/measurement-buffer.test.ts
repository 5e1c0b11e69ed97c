import { describe, expect, it } from 'vitest'
import { MeasurementBuffer } from '../../dashboard/src/scene/measurement-buffer.ts'
import { newestAngles } from '../../dashboard/src/scene/newest-angles.ts'
import { type Configuration, compileEncoder, frameTimeOf } from '../../src/c37118/index.ts'
import { configurationOf, healthy } from '../support/measuring-pmu.ts'

const configuration = configurationOf({
  ...healthy,
  has: { analogs: [{ name: 'Oil', type: 1 }], digitals: [{ labels: Array(16).fill(''), normal: 0, valid: 0xffff }] },
})
const START_US = 1_700_000_000_000_000
const STEP_US = 20_000

interface Said {
  readonly stat?: number
  readonly timeQuality?: number
  readonly word?: number
  /** Of all phasors. */
  readonly degrees?: number
}

/** The frame of slot `n` of 50 a second. */
function frameOf(n: number, { stat = 0, timeQuality = 0, word = 0, degrees = 0 }: Said = {}): Uint8Array {
  const { timeBase, pmus } = configuration
  const phasors = pmus[0]!.phasors.map(() => ({ magnitude: 100, angle: (degrees * Math.PI) / 180 }))
  return compileEncoder(configuration).encode({
    ...frameTimeOf(START_US + n * STEP_US, timeBase),
    timeQuality,
    pmus: [{ stat, phasors, freq: 50, dfreq: 0, analogs: [word], digitals: [word] }],
  })
}
const secondsOf = (n: number): number => (START_US + n * STEP_US) / 1e6

function bufferOf(frames: readonly Uint8Array[], of: Configuration = configuration): MeasurementBuffer {
  const buffer = new MeasurementBuffer(of)
  for (const frame of frames) buffer.push(frame)
  return buffer
}

const newestOf = ({ timeS, latest }: MeasurementBuffer) => ({
  timeS,
  stat: latest.stat[0],
  timeQuality: latest.timeQuality,
  analog: latest.analogs[0],
  digital: latest.digitals[0],
})

describe('the newest frame of a stream', () => {
  const newest = { timeS: secondsOf(10), stat: 0x2000, timeQuality: 5, analog: 7, digital: 7 }
  const frame = frameOf(10, { stat: 0x2000, timeQuality: 5, word: 7 })
  const broken = (n: number): Uint8Array => {
    const bytes = frameOf(n, { word: 1 })
    bytes[20]! ^= 1
    return bytes
  }

  it('stays with all that it said where one from before it comes late, or it comes twice', () => {
    const buffer = bufferOf([frame, frameOf(9, { word: 1 }), frameOf(10, { word: 1 }), frameOf(-60, { word: 1 })])
    expect(newestOf(buffer)).toEqual(newest)
    expect([buffer.frames, buffer.unreadable]).toEqual([4, 0])
  })

  it('stays where one that cannot be read says that it is newer, late, or of long ago', () => {
    const buffer = bufferOf([frame, broken(11), broken(9), broken(-5000), frame.subarray(0, 10)])
    expect(newestOf(buffer)).toEqual(newest)
    expect(buffer.series(['1.freq'], 0).times).toEqual([secondsOf(10)])
    expect([buffer.frames, buffer.unreadable]).toEqual([5, 4])
  })

  it('is one of long ago where the clock was set back, and what was held is let go', () => {
    const buffer = bufferOf([frame, frameOf(-5000, { word: 1 }), frameOf(-4999, { word: 2 })])
    expect(newestOf(buffer)).toMatchObject({ timeS: secondsOf(-4999), analog: 2, digital: 2 })
    expect(buffer.series(['1.freq'], 0).times).toEqual([secondsOf(-5000), secondsOf(-4999)])
  })
})

describe('angles that are told against a reference', () => {
  const degreesOf = (buffer: MeasurementBuffer, against: MeasurementBuffer | undefined): readonly number[] =>
    newestAngles(buffer, ['1.VA.angle', '1.IA.angle'], { buffer: against, channel: '1.VB.angle' }).map((angle) =>
      Number(((angle * 180) / Math.PI).toFixed(3)),
    )
  /** Both turn on, and stand 30° apart all the time. */
  const own = (n: number): Uint8Array => frameOf(n, { degrees: 30 + 7 * n })
  const its = (n: number): Uint8Array => frameOf(n, { degrees: 7 * n })

  it('are of the newest moment that both are known at, whichever came first', () => {
    expect(degreesOf(bufferOf([0, 1, 2].map(own)), bufferOf([0, 1, 2].map(its)))).toEqual([30, 30])
    expect(degreesOf(bufferOf([0, 1, 2].map(own)), bufferOf([0, 1].map(its)))).toEqual([30, 30])
    expect(degreesOf(bufferOf([0, 1].map(own)), bufferOf([0, 1, 2, 3].map(its)))).toEqual([30, 30])
    expect(degreesOf(bufferOf([0, 1, 3].map(own)), bufferOf([0, 1, 2].map(its)))).toEqual([30, 30])
  })

  it('are absent where that was more than a second ago, or never', () => {
    const buffer = bufferOf(Array.from({ length: 60 }, (_, n) => own(n)))
    expect(degreesOf(buffer, bufferOf(Array.from({ length: 10 }, (_, n) => its(n))))).toEqual([30, 30])
    expect(degreesOf(buffer, bufferOf(Array.from({ length: 9 }, (_, n) => its(n))))).toEqual([Number.NaN, Number.NaN])
    expect(degreesOf(buffer, bufferOf([its(5000)]))).toEqual([Number.NaN, Number.NaN])
    expect(degreesOf(buffer, bufferOf([]))).toEqual([Number.NaN, Number.NaN])
    expect(degreesOf(buffer, undefined)).toEqual([Number.NaN, Number.NaN])
    expect(degreesOf(bufferOf([]), buffer)).toEqual([Number.NaN, Number.NaN])
  })

  it('are of the same moment: a slow reference is not taken for one of a few milliseconds later', () => {
    const slow = bufferOf([frameOf(-1, { degrees: 200 }), frameOf(0), frameOf(50)], { ...configuration, dataRate: 1 })
    expect(degreesOf(bufferOf([-1, 0, 1, 2].map(own)), slow)).toEqual([30, 30])
  })

  it('are those of the newest frame, as they were sent, without one', () => {
    const [angle] = newestAngles(bufferOf([own(0), own(1)]), ['1.VA.angle'], undefined)
    expect(angle).toBeCloseTo((37 * Math.PI) / 180, 6)
  })
})
