import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type Configuration,
  compileDecoder,
  compileEncoder,
  dataFrameSize,
  decodeConfiguration,
  decodeFormat,
  FrameType,
  frameTypeOf,
  idcodeOf,
  type PmuConfiguration,
} from '../../src/c37118/index.ts'
import { golden, hex } from '../fixtures/golden.ts'
import { stationA } from '../fixtures/station-a.ts'
import { needsCaptures } from '../support/captures.ts'
import { configuration, dataWord } from './support/arbitraries.ts'
import { faultOf } from './support/faults.ts'
import { framesIn, sealed } from './support/frames.ts'

const onePmu = (pmu: Partial<PmuConfiguration>, type: Configuration['type'] = FrameType.config2): Configuration => ({
  ...stationA,
  type,
  pmus: [{ ...stationA.pmus[0]!, phasors: [], analogs: [], digitals: [], ...pmu }],
})

/** A data frame of one configuration from its words. */
function frameOf(config: Configuration, words: readonly number[]): Uint8Array {
  const encoder = compileEncoder(config)
  const columns = encoder.createColumns()
  columns.raw.set(words)
  return encoder.encodeRaw(columns)
}

const decode = (config: Configuration, words: readonly number[]) =>
  compileDecoder(config).decode(frameOf(config, words))

describe('a data frame', () => {
  it('of the standard is read in physical units', () => {
    const sample = compileDecoder(stationA).decode(hex(golden.stationAData))
    expect(sample).toMatchObject({ version: 1, idcode: 7734, soc: 1149580800, fraction: 16_817, timeQuality: 0 })
    const [pmu] = sample.pmus
    expect(pmu).toMatchObject({ stn: 'Station A', idcode: 7734, stat: 0, freq: 62.5, dfreq: 0, digitals: [0x3c12] })
    expect(pmu!.analogs).toEqual([100, 1000, 10_000])
    const [va, vb, , i1] = pmu!.phasors
    expect(va).toMatchObject({ name: 'VA', re: (0x392b * 915_527) / 1e5, im: 0, angle: 0 })
    expect(va!.magnitude).toBeCloseTo(133_987.4, 1)
    expect(vb!.angle).toBeCloseTo((-2 * Math.PI) / 3, 3)
    expect(i1!.magnitude).toBeCloseTo(0x0444 * 0.45776, 9)
  })

  it('of a real PMU is read raw and in physical units, into columns', () => {
    const decoder = compileDecoder(decodeConfiguration(hex(golden.bluePmuConfig)))
    const columns = decoder.createColumns()
    decoder.decodeInto(hex(golden.bluePmuData), columns)
    expect(columns).toMatchObject({ version: 1, idcode: 241, soc: 0x4893344a, fraction: 2_013_266, timeQuality: 0 })
    expect([...columns.raw]).toEqual([
      0x0800, 0x42f68f24, 0xc7c36623, 0x430188cb, 0xc7c36332, 0xc7a95676, 0x4742fe4b, 0x47a91cdd, 0x4743d144, 0, 0,
    ])
    expect([...columns.stat]).toEqual([0x0800])
    expect(columns.phasors[0]).toBeCloseTo(123.28, 3)
    expect(columns.phasors[1]).toBeCloseTo(-100_044.273, 3)
    expect([...columns.freq, ...columns.dfreq]).toEqual([50, 0])
  })

  it('has the size that its configuration says', () => {
    expect(dataFrameSize(stationA)).toBe(52)
    expect(compileDecoder(stationA).frameSize).toBe(52)
    expect(compileEncoder(stationA).frameSize).toBe(52)
  })

  it('is filled into the same columns again and again, without allocating', () => {
    const decoder = compileDecoder(stationA)
    const encoder = compileEncoder(stationA)
    const columns = decoder.createColumns()
    const frame = hex(golden.stationAData)
    const target = new Uint8Array(encoder.frameSize)
    const grownBy = (times: number): number => {
      const before = process.memoryUsage().heapUsed
      for (let at = 0; at < times; at++) {
        decoder.decodeInto(frame, columns)
        encoder.encodeInto(columns, target)
      }
      return process.memoryUsage().heapUsed - before
    }
    grownBy(50_000)
    const growths = Array.from({ length: 5 }, () => grownBy(20_000)).toSorted((a, b) => a - b)
    // A single number on the heap per frame would be 320,000 bytes.
    expect(growths[2]).toBeLessThan(160_000)
    expect(target).toEqual(frame)
  })

  it.each([
    ['another size', sealed(hex(`${golden.stationAData} 0000`), { size: true }), { code: 'DATA_SIZE_MISMATCH' }],
    ['another type', hex(golden.stationACommand), { code: 'FRAME_WRONG_TYPE', type: 4, expected: [0] }],
    ['a wrong CHK', hex(golden.stationAData).with(20, 1), { code: 'FRAME_BAD_CHECKSUM', idcode: 7734 }],
    ['a size of its own mind', sealed(hex(golden.stationAData).with(3, 0x35)), { code: 'FRAME_TRUNCATED', need: 53 }],
    ['nothing in it', new Uint8Array(0), { code: 'FRAME_TRUNCATED' }],
  ])('is refused with %s', (_case, frame, fault) => {
    expect(faultOf(() => compileDecoder(stationA).decode(frame))).toMatchObject(fault)
  })
})

describe('columns', () => {
  it('of another configuration are refused', () => {
    const other = compileDecoder(decodeConfiguration(hex(golden.bluePmuConfig))).createColumns()
    const frame = hex(golden.stationAData)
    expect(faultOf(() => compileDecoder(stationA).decodeInto(frame, other))).toEqual({
      code: 'DATA_SHAPE_MISMATCH',
      field: 'raw',
      count: 11,
      expected: 15,
    })
  })
})

describe('the words of a data frame', () => {
  const voltage = { name: 'U', kind: 'voltage', phunit: 1000 } as const
  const int16 = decodeFormat(0)
  const polar = decodeFormat(1)

  it.each(Array.from({ length: 16 }, (_, format) => format))('are read and written in FORMAT %i', (format) => {
    const config = onePmu({
      format: decodeFormat(format),
      phasors: [voltage, voltage],
      analogs: [{ name: 'a', type: 0, scale: 0 }],
      digitals: [{ labels: [], normal: 0, valid: 0 }],
    })
    const encoder = compileEncoder(config)
    const written = {
      soc: 5,
      fraction: 6,
      pmus: [
        {
          stat: 0x1234,
          phasors: [
            { magnitude: 3, angle: 0.5 },
            { re: -3, im: 4 },
          ],
          freq: 59.25,
          dfreq: -1.5,
          analogs: [-77],
          digitals: [0xbeef],
        },
      ],
    }
    const frame = encoder.encode(written)
    const wide = (bit: number): number => (format & bit ? 4 : 2)
    expect(frame).toHaveLength(16 + 2 + 4 * wide(2) + 2 * wide(8) + wide(4) + 2)

    const [pmu] = compileDecoder(config).decode(frame).pmus
    expect(pmu).toMatchObject({ stat: 0x1234, freq: 59.25, dfreq: -1.5, analogs: [-77], digitals: [0xbeef] })
    const near = (value: number, expected: number): void => expect(Math.abs(value - expected)).toBeLessThan(0.011)
    near(pmu!.phasors[0]!.re, 3 * Math.cos(0.5))
    near(pmu!.phasors[0]!.angle, 0.5)
    near(pmu!.phasors[1]!.im, 4)
    near(pmu!.phasors[1]!.magnitude, 5)
  })

  it('count PHUNIT × 1e-5 V for integers', () => {
    expect(
      decode(onePmu({ format: int16, phasors: [voltage] }), [0, 300, 0xff9c, 0, 0]).pmus[0]!.phasors[0],
    ).toMatchObject({ re: 3, im: -1 })
  })

  it('have unsigned magnitudes and angles of 1e-4 radians in polar integers', () => {
    const { phasors } = decode(onePmu({ format: polar, phasors: [voltage] }), [0, 60_000, 0xffff, 0, 0]).pmus[0]!
    expect(phasors[0]).toMatchObject({ magnitude: 600, angle: -0.0001 })
  })

  it('ignore PHUNIT for floats', () => {
    const words = [0, 0x3f800000, 0xbf800000, 0, 0]
    expect(decode(onePmu({ format: decodeFormat(2), phasors: [voltage] }), words).pmus[0]!.phasors[0]).toMatchObject({
      re: 1,
      im: -1,
    })
  })

  it('scale and turn integers as PHSCALE says, and leave floats alone', () => {
    const channel = { name: 'U', kind: 'voltage', scale: 0.5, angleOffset: Math.PI / 2 } as const
    const rectangular = onePmu({ format: int16, phasors: [channel] }, FrameType.config3)
    const [turned] = decode(rectangular, [0, 100, 200, 0, 0]).pmus[0]!.phasors
    expect(turned!.re).toBeCloseTo(100, 9)
    expect(turned!.im).toBeCloseTo(-50, 9)
    const [angle] = decode(onePmu({ format: polar, phasors: [channel] }, FrameType.config3), [0, 100, 0, 0, 0]).pmus[0]!
      .phasors
    expect(angle).toMatchObject({ magnitude: 50, angle: -Math.PI / 2 })
    const float = onePmu({ format: decodeFormat(2), phasors: [channel] }, FrameType.config3)
    expect(decode(float, [0, 0x3f800000, 0, 0, 0]).pmus[0]!.phasors[0]).toMatchObject({ re: 1, im: 0 })
  })

  it('scale integer analogs: M and B of ANSCALE, the factor of ANUNIT unless it is 0', () => {
    const analogs = [{ name: 'a', magnitude: 2.5, offset: -3 }]
    expect(decode(onePmu({ format: int16, analogs }, FrameType.config3), [0, 0, 0, 4]).pmus[0]!.analogs).toEqual([7])
    const scaled = [
      { name: 'a', type: 70, scale: -7 },
      { name: 'b', type: 66, scale: 0 },
    ]
    expect(decode(onePmu({ format: int16, analogs: scaled }), [0, 0, 0, 5, 5]).pmus[0]!.analogs).toEqual([-35, 5])
  })

  it('give frequencies from the nominal one', () => {
    expect(decode(onePmu({ format: int16, fnom: 50 }), [0, 0xff9c, 250]).pmus[0]).toMatchObject({
      freq: 49.9,
      dfreq: 2.5,
    })
    expect(decode(onePmu({ format: int16, fnom: 60 }), [0, 15_536, 0]).pmus[0]).toMatchObject({ freq: 75.536 })
  })

  it('may have angles beyond a half turn: the raw one is kept, the plain one is within', () => {
    const config = onePmu({ format: decodeFormat(3), phasors: [voltage] })
    const radians = new DataView(new ArrayBuffer(4))
    radians.setFloat32(0, (200 / 180) * Math.PI)
    const frame = frameOf(config, [0, 0x3f800000, radians.getUint32(0), 0, 0])
    const decoder = compileDecoder(config)
    const columns = decoder.createColumns()
    decoder.decodeInto(frame, columns)
    expect(columns.phasors[1]).toBeCloseTo((200 / 180) * Math.PI, 6)
    const sample = decoder.decode(frame)
    expect(sample.pmus[0]!.phasors[0]!.angle).toBeCloseTo((-160 / 180) * Math.PI, 6)
    expect(compileEncoder(config).encode(sample)).toEqual(frame)
  })
})

describe('absent data', () => {
  const phasors = [{ name: 'U', kind: 'voltage', phunit: 1000 } as const]
  const analogs = [{ name: 'a', type: 0, scale: 0 }]
  const nan = Number.NaN

  it.each([
    ['rectangular integers, both -32768', 0, [0, 0x8000, 0x8000, 0x8000, 0x8000, 1], { re: nan, im: nan }],
    ['polar integers, the angle -32768', 1, [0, 1234, 0x8000, 0x8000, 0x8000, 1], { magnitude: nan, angle: nan }],
  ])('of %s is NaN', (_case, format, words, phasor) => {
    const config = onePmu({ format: decodeFormat(format), phasors, analogs })
    const [pmu] = decode(config, words).pmus
    expect(pmu!.phasors[0]).toMatchObject(phasor)
    expect(pmu).toMatchObject({ freq: nan, dfreq: nan, analogs: [1] })
  })

  it.each([
    ['a rectangular phasor with one word -32768', 0, [0, 0x8000, 5, 0, 0, 0], { re: -327.68, im: 0.05 }],
    ['a polar magnitude of 32768', 1, [0, 0x8000, 0, 0, 0, 0], { magnitude: 327.68, angle: 0 }],
  ])('is not %s', (_case, format, words, phasor) => {
    const config = onePmu({ format: decodeFormat(format), phasors, analogs })
    expect(decode(config, words).pmus[0]!.phasors[0]).toMatchObject(phasor)
  })

  it('of an integer analog, whose range is the user’s, takes a STAT that says so', () => {
    const config = onePmu({ format: decodeFormat(0), analogs })
    expect(decode(config, [0x0000, 0, 0, 0x8000]).pmus[0]!.analogs).toEqual([-32_768])
    expect(decode(config, [0x8000, 0, 0, 0x8000]).pmus[0]!.analogs).toEqual([nan])
  })

  it.each(Array.from({ length: 16 }, (_, format) => format))('is written as it is read, in FORMAT %i', (format) => {
    const config = onePmu({ format: decodeFormat(format), phasors, analogs })
    const sample = compileDecoder(config).decode(
      compileEncoder(config).encode({
        soc: 1,
        fraction: 0,
        pmus: [{ stat: 0x8000, phasors: [{ re: nan, im: nan }], freq: nan, dfreq: nan, analogs: [nan] }],
      }),
    )
    expect(sample.pmus[0]!.phasors[0]).toMatchObject({ re: nan, im: nan, magnitude: nan, angle: nan })
    expect(sample.pmus[0]).toMatchObject({ freq: nan, dfreq: nan, analogs: [nan] })
  })
})

describe('writing', () => {
  const config = onePmu({ format: decodeFormat(0), phasors: [{ name: 'U', kind: 'voltage', phunit: 100_000 }] })
  const pmu = { stat: 0, phasors: [{ re: 1, im: 2 }], freq: 60, dfreq: 0 }

  it('takes the nearest integer there is, and never the mark of absent data', () => {
    const frame = compileEncoder(config).encode({
      soc: 0,
      fraction: 0,
      pmus: [{ ...pmu, phasors: [{ re: 1e9, im: -1e9 }], freq: 0, dfreq: 1000 }],
    })
    expect([...compileDecoder(config).decode(frame).raw]).toEqual([0, 32_767, 0x8001, 0x8001, 32_767])
  })

  it('takes IDCODE and version of the configuration unless the sample says otherwise', () => {
    const encoder = compileEncoder({ ...config, version: 2 })
    expect([...encoder.encode({ soc: 0, fraction: 0, pmus: [pmu] }).subarray(0, 6)]).toEqual([...hex('aa02 001a 1e36')])
    const other = encoder.encode({ soc: 0, fraction: 0, idcode: 9, version: 1, timeQuality: 0x3f, pmus: [pmu] })
    expect([...other.subarray(0, 11)]).toEqual([...hex('aa01 001a 0009 00000000 3f')])
  })

  it('takes what was edited, in either coordinates, and leaves the rest', () => {
    for (const format of [0, 1, 2, 3]) {
      const edited = onePmu({ format: decodeFormat(format), phasors: [...config.pmus[0]!.phasors] })
      const encoder = compileEncoder(edited)
      const sample = compileDecoder(edited).decode(encoder.encode({ soc: 0, fraction: 0, pmus: [pmu] }))
      const change = (phasor: object) => {
        const phasors = [{ ...sample.pmus[0]!.phasors[0]!, ...phasor }]
        const frame = encoder.encode({ ...sample, pmus: [{ ...sample.pmus[0]!, phasors }] })
        return compileDecoder(edited).decode(frame).pmus[0]!.phasors[0]!
      }
      expect(change({ re: -7, im: 0 }).magnitude).toBeCloseTo(7, 5)
      expect(Math.abs(change({ re: -7, im: 0 }).angle)).toBeCloseTo(Math.PI, 3)
      expect(change({ magnitude: 5, angle: 0 }).re).toBeCloseTo(5, 5)
    }
  })

  it('refuses a sample of another shape', () => {
    const encoder = compileEncoder(config)
    const sample = { soc: 0, fraction: 0, pmus: [pmu] }
    expect(faultOf(() => encoder.encode({ ...sample, pmus: [] }))).toMatchObject({
      field: 'pmus',
      count: 0,
      expected: 1,
    })
    expect(faultOf(() => encoder.encode({ ...sample, pmus: [{ ...pmu, phasors: [] }] }))).toMatchObject({
      code: 'DATA_SHAPE_MISMATCH',
      field: 'phasors',
    })
    expect(faultOf(() => encoder.encode({ ...sample, raw: new Uint32Array(3) }))).toMatchObject({ field: 'raw' })
    expect(faultOf(() => encoder.encodeInto(encoder.createColumns(), new Uint8Array(5)))).toMatchObject({
      field: 'target',
      count: 5,
    })
  })

  it('refuses a configuration whose data no frame can hold', () => {
    const phasors = Array.from({ length: 9000 }, () => ({ name: '', kind: 'voltage' }) as const)
    expect(faultOf(() => compileEncoder(onePmu({ format: decodeFormat(2), phasors })))).toEqual({
      code: 'FRAME_TOO_LARGE',
      size: 16 + 2 + 72_000 + 4,
      limit: 65_535,
    })
  })
})

describe('any data frame', () => {
  const frame = configuration.chain((config) =>
    fc.tuple(
      fc.constant(config),
      fc.infiniteStream(dataWord),
      fc.integer({ min: 0, max: 2 }),
      fc.uint8Array({ minLength: 10, maxLength: 10 }),
    ),
  )

  it('is written byte for byte as it was read: from columns, from raw columns, from plain objects', () => {
    fc.assert(
      fc.property(frame, ([config, words, version, head]) => {
        const bytes = frameOf(
          config,
          Array.from({ length: compileDecoder(config).createColumns().raw.length }, () => words.next().value ?? 0),
        )
        bytes[1] = version
        bytes.set(head, 4)
        const original = sealed(bytes)

        const decoder = compileDecoder(config)
        const encoder = compileEncoder(config)
        const columns = decoder.createColumns()
        decoder.decodeInto(original, columns)
        expect(encoder.encodeRaw(columns)).toEqual(original)
        expect(encoder.encode(columns)).toEqual(original)
        expect(encoder.encode(decoder.decode(original))).toEqual(original)
      }),
      { numRuns: 500 },
    )
  })
})

describe.skipIf(needsCaptures.skip)(needsCaptures.title('data of real PMUs'), () => {
  it.each([
    ['C37.118_1PMU_TCP.pcap', 252],
    ['C37.118_1PMU_UDP.pcap', 356],
    ['C37.118_2PMUsInSync_TCP.pcap', 3002],
    // Three of its 422 were sent twice.
    ['c37_1100_clean_tcp.pcap', 425],
  ])('are written again byte for byte: %s', (name, count) => {
    const frames = framesIn(name)
    const codecs = new Map(
      frames
        .filter((frame) => frameTypeOf(frame) === FrameType.config2)
        .map((frame) => {
          const config = decodeConfiguration(frame)
          return [config.idcode, { decoder: compileDecoder(config), encoder: compileEncoder(config) }]
        }),
    )
    const data = frames.filter((frame) => frameTypeOf(frame) === FrameType.data)
    expect(data).toHaveLength(count)
    for (const frame of data) {
      const { decoder, encoder } = codecs.get(idcodeOf(frame))!
      expect(Buffer.compare(encoder.encode(decoder.decode(frame)), frame)).toBe(0)
    }
  })
})
