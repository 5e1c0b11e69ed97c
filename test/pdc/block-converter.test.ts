import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type Configuration,
  compileDecoder,
  compileEncoder,
  dataBlocks,
  type Format,
  FrameType,
  type SampleInput,
  stampFrame,
} from '../../src/c37118/index.ts'
import { BlockConverter } from '../../src/pdc/block-converter.ts'
import { type BlockFormat, formatted, Modification } from '../../src/pdc/block-format.ts'
import { configurationOf } from './configurations.ts'

const int = (polar: boolean): Format => ({ polar, phasors: 'int16', analogs: 'int16', freq: 'int16' })
const float = (polar: boolean): Format => ({ polar, phasors: 'float32', analogs: 'float32', freq: 'float32' })

/** The second of two PMUs, converted; what an output's reader decodes. */
function converted(from: Format, format: BlockFormat, pmu: Partial<SampleInput['pmus'][number]>) {
  const input: Configuration = configurationOf([{ idcode: 1 }, { idcode: 2, format: from }])
  const out = formatted(input.pmus[1]!, format)
  const values = {
    stat: 0,
    phasors: [
      { magnitude: 76_210, angle: 0.5 },
      { magnitude: 500, angle: -3 },
    ],
    freq: 50.01,
    dfreq: -0.02,
    analogs: [1200],
    digitals: [0x00ff],
    ...pmu,
  }
  const blank = {
    ...values,
    phasors: [
      { re: 0, im: 0 },
      { re: 0, im: 0 },
    ],
  }
  const frame = compileEncoder(input).encode({ soc: 1, fraction: 0, pmus: [blank, values] })
  const decoder = compileDecoder(input)
  const columns = decoder.createColumns()
  decoder.decodeInto(frame, columns)
  const output: Configuration = { ...input, pmus: [out] }
  const target = compileEncoder(output).encode(compileEncoder(output).createColumns())
  const unfit = new BlockConverter(input, 1, out, format).write(columns, target, dataBlocks(output)[0]!.offset)
  stampFrame(target, { soc: 1, fraction: 0 })
  return { out, unfit, before: decoder.decode(frame).pmus[1]!, after: compileDecoder(output).decode(target).pmus[0]! }
}
const fullScale = { voltage: 150_000, current: 2000 }

/** An analog of 16 bits, of a PMU whose CFG-3 says what a count is: 0.01 of it, from 5 on. */
function scaledAnalog(format: BlockFormat, counts: number) {
  const [plain] = configurationOf([{ idcode: 1, format: int(true) }]).pmus
  const analogs = plain!.analogs.map(({ name }) => ({ name, magnitude: 0.01, offset: 5 }))
  const input: Configuration = {
    ...configurationOf([{ idcode: 1, format: int(true) }]),
    type: FrameType.config3,
    pmus: [{ ...plain!, analogs }],
  }
  const columns = compileDecoder(input).createColumns()
  columns.freq[0] = input.pmus[0]!.fnom
  columns.analogs[0] = 0.01 * counts + 5
  const out = formatted(input.pmus[0]!, format)
  const output: Configuration = { ...input, pmus: [out] }
  const target = compileEncoder(output).encode(compileEncoder(output).createColumns())
  const unfit = new BlockConverter(input, 0, out, format).write(columns, target, dataBlocks(output)[0]!.offset)
  stampFrame(target, { soc: 1, fraction: 0 })
  const readBy = (type: typeof FrameType.config2 | typeof FrameType.config3): number =>
    compileDecoder({ ...output, type }).decode(target).pmus[0]!.analogs[0]!
  return { out, unfit, config3: readBy(FrameType.config3), config2: readBy(FrameType.config2) }
}

describe('an analog with a magnitude and an offset', () => {
  it.each([0, 1, -1, 12_345, 0x7fff, -0x8000])('keeps its counts where others change: %d', (counts) => {
    const { config2, config3, unfit } = scaledAnalog({ coordinates: 'rectangular' }, counts)
    expect([config2, unfit]).toEqual([counts, 0])
    expect(config3).toBeCloseTo(0.01 * counts + 5, 9)
  })

  it('has neither as a float, which is the value', () => {
    const { out, config2, config3 } = scaledAnalog({ numbers: 'float32' }, 12_345)
    expect(out.analogs[0]).not.toHaveProperty('magnitude')
    expect(out.analogs[0]).not.toHaveProperty('offset')
    expect([config2, config3]).toEqual([Math.fround(128.45), Math.fround(128.45)])
  })

  it('does not fit beyond what 16 bits hold', () => {
    expect(scaledAnalog({ coordinates: 'rectangular' }, 0x8000).unfit).toBe(1)
    expect(scaledAnalog({ coordinates: 'rectangular' }, -0x8001).unfit).toBe(1)
  })
})

describe('a block in other numbers', () => {
  it.each([
    [int(true), { coordinates: 'rectangular' }],
    [int(false), { coordinates: 'polar' }],
    [int(true), { coordinates: 'rectangular', numbers: 'float32' }],
    [float(false), { coordinates: 'polar' }],
    [float(true), { coordinates: 'rectangular', numbers: 'int16', fullScale }],
    [float(true), { numbers: 'int16', fullScale }],
  ] as const)('says the same, to what they resolve: %j as %j', (from, format) => {
    const { before, after, out, unfit } = converted(from, format, {})
    expect(unfit).toBe(0)
    after.phasors.forEach(({ re, im }, at) => {
      // Half a count of each part; of an angle 1e-4 rad.
      const count = out.format.phasors === 'int16' ? (out.phasors[at]!.phunit ?? 1) / 1e5 : 1e-3
      const wide = count + 1e-4 * before.phasors[at]!.magnitude
      expect(Math.hypot(re - before.phasors[at]!.re, im - before.phasors[at]!.im)).toBeLessThan(wide)
    })
    expect(Math.abs(after.freq - before.freq)).toBeLessThan(1e-3)
    expect(after.analogs).toEqual(before.analogs)
    expect(after.digitals).toEqual(before.digitals)
  })

  it('keeps missing what is missing, and nothing else', () => {
    const { after } = converted(
      float(false),
      { coordinates: 'polar', numbers: 'int16', fullScale },
      {
        phasors: [
          { re: Number.NaN, im: Number.NaN },
          { re: 3, im: 4 },
        ],
        dfreq: Number.NaN,
      },
    )
    expect(after.phasors[0]!.angle).toBeNaN()
    expect(after.phasors[1]!.magnitude).toBeCloseTo(5, 1)
    expect([after.dfreq, Math.round(after.freq * 100)]).toEqual([Number.NaN, 5001])
  })

  it('marks what does not fit as absent, alone, and counts it: nothing saturates', () => {
    const { after, unfit } = converted(
      float(true),
      { numbers: 'int16', fullScale },
      {
        phasors: [
          { magnitude: 151_000, angle: 0.5 },
          { magnitude: 1999, angle: 0.5 },
        ],
        freq: 90,
        analogs: [40_000],
      },
    )
    expect(unfit).toBe(3)
    expect(after.phasors[0]!.angle).toBeNaN()
    expect(after.phasors[1]!.magnitude).toBeCloseTo(1999, 0)
    expect(after.freq).toBeNaN()
    expect(after.dfreq).toBeCloseTo(-0.02)
  })

  it('has room for every magnitude that came, when integers change their coordinates', () => {
    fc.assert(
      fc.property(
        fc.boolean(),
        fc.integer({ min: 0, max: 65_535 }),
        fc.double({ min: -3.14, max: 3.14, noNaN: true }),
        (polar, counts, angle) => {
          const from = int(polar)
          const most = polar ? counts : Math.min(counts, 32_767)
          const magnitude = most * 9.15527
          const { unfit, before, after } = converted(
            from,
            { coordinates: polar ? 'rectangular' : 'polar' },
            {
              phasors: [
                { magnitude, angle },
                { magnitude: 1, angle: 0 },
              ],
            },
          )
          expect(unfit).toBe(0)
          const [one, other] = [before.phasors[0]!, after.phasors[0]!]
          expect(Math.hypot(one.re - other.re, one.im - other.im)).toBeLessThan(30 + 2e-4 * magnitude)
        },
      ),
      { numRuns: 500 },
    )
  })
})

describe('channels', () => {
  it('are those that were chosen, in their order', () => {
    const { out, after } = converted(float(true), { channels: ['IA', 'BIT 3'] }, {})
    expect(out.phasors.map(({ name }) => name)).toEqual(['IA'])
    expect(out.analogs).toEqual([])
    expect(after.phasors[0]!.magnitude).toBeCloseTo(500)
    expect(after.digitals).toEqual([0x00ff])
  })

  it('are adjusted in magnitude and angle, and CFG-3 says so', () => {
    const adjust = [
      { channel: 'VA', factor: 1.1, angle: Math.PI / 6 },
      { channel: 'IA', angle: -0.1 },
    ]
    for (const coordinates of ['polar', 'rectangular'] as const) {
      const { out, after, before } = converted(float(true), { coordinates, adjust }, {})
      expect(out.phasors.map(({ modification }) => modification)).toEqual([
        Modification.magnitudeAdjusted | Modification.angleAdjusted,
        Modification.angleAdjusted,
      ])
      expect(after.phasors[0]!.magnitude / before.phasors[0]!.magnitude).toBeCloseTo(1.1)
      expect(after.phasors[0]!.angle - before.phasors[0]!.angle).toBeCloseTo(Math.PI / 6)
      expect(after.phasors[1]!.magnitude).toBeCloseTo(500, 3)
    }
  })

  it('that are made larger still fit', () => {
    const adjust = [{ channel: 'VA', factor: 3 }]
    const { unfit, after } = converted(
      int(false),
      { adjust },
      {
        phasors: [
          { magnitude: 32_000 * 9.15527, angle: 0 },
          { magnitude: 1, angle: 0 },
        ],
      },
    )
    expect(unfit).toBe(0)
    expect(after.phasors[0]!.magnitude / (96_000 * 9.15527)).toBeCloseTo(1, 3)
  })
})
