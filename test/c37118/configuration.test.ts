import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type Configuration,
  checkFrame,
  decodeConfiguration,
  decodeFormat,
  encodeConfiguration,
  encodeFormat,
  FrameType,
  frameTypeOf,
} from '../../src/c37118/index.ts'
import { golden, hex } from '../fixtures/golden.ts'
import { stationA } from '../fixtures/station-a.ts'
import { needsCaptures } from '../support/captures.ts'
import { configuration } from './support/arbitraries.ts'
import { faultOf } from './support/faults.ts'
import { framesIn, sealed } from './support/frames.ts'

const bluePmu = hex(golden.bluePmuConfig)

/** The CFG-2 of "Blue PMU" with some bytes replaced and its CHK made right. */
function bluePmuWith(at: number, ...bytes: readonly number[]): Uint8Array {
  const frame = bluePmu.slice()
  frame.set(bytes, at)
  return sealed(frame)
}

const again = (frame: Uint8Array): Uint8Array[] => encodeConfiguration(decodeConfiguration(frame))

describe('a CFG-2', () => {
  it('of a real PMU is read field by field', () => {
    expect(decodeConfiguration(bluePmu)).toEqual({
      type: FrameType.config2,
      version: 1,
      idcode: 241,
      soc: 0x4893344a,
      fraction: 0x19999a,
      timeQuality: 0,
      timeBase: 16_777_215,
      timeBaseFlags: 0,
      dataRate: 50,
      pmus: [
        {
          stn: 'Blue PMU',
          idcode: 241,
          format: { polar: false, phasors: 'float32', analogs: 'float32', freq: 'int16' },
          phasors: ['V1LPM', 'VALPM', 'VBLPM', 'VCLPM'].map((name) => ({ name, kind: 'voltage', phunit: 1 })),
          analogs: [],
          digitals: [],
          fnom: 50,
          cfgcnt: 89,
        },
      ],
    })
  })

  it('is written from plain values, and read back the same', () => {
    const [frame] = encodeConfiguration(stationA)
    expect(checkFrame(frame!)).toMatchObject({ type: FrameType.config2, version: 1, size: 454, idcode: 7734 })
    expect(decodeConfiguration(frame!)).toEqual(stationA)
  })

  it('differs from a CFG-1 in its SYNC only', () => {
    const [frame] = encodeConfiguration({ ...stationA, type: FrameType.config1 })
    expect(frameTypeOf(frame!)).toBe(FrameType.config1)
    expect(decodeConfiguration(frame!)).toEqual({ ...stationA, type: FrameType.config1 })
    expect(frame!.subarray(2, -2)).toEqual(encodeConfiguration(stationA)[0]!.subarray(2, -2))
  })

  it('keeps what several PMUs have apart', () => {
    const pmus = [1, 2, 3].map((idcode) => ({ ...stationA.pmus[0]!, stn: `PMU ${idcode}`, idcode, cfgcnt: idcode }))
    const many: Configuration = { ...stationA, idcode: 99, pmus }
    expect(decodeConfiguration(encodeConfiguration(many)[0]!)).toEqual(many)
  })

  it.each([50, 120, 1, 0, -1, -10, -32_768, 32_767])('has DATA_RATE %i', (dataRate) => {
    const [frame] = encodeConfiguration({ ...stationA, dataRate })
    expect(decodeConfiguration(frame!).dataRate).toBe(dataRate)
  })

  it('keeps user-defined ANUNIT types and signed scalings', () => {
    const analogs = [
      { name: 'a', type: 0x46, scale: 0 },
      { name: 'b', type: 0x42, scale: -1 },
      { name: 'c', type: 255, scale: -0x800000 },
      { name: 'd', type: 2, scale: 0x7fffff },
    ]
    const changed: Configuration = { ...stationA, pmus: [{ ...stationA.pmus[0]!, analogs }] }
    expect(decodeConfiguration(encodeConfiguration(changed)[0]!).pmus[0]!.analogs).toEqual(analogs)
  })

  it('is refused when it is longer than a frame', () => {
    const pmus = Array.from({ length: 200 }, () => stationA.pmus[0]!)
    expect(faultOf(() => encodeConfiguration({ ...stationA, pmus }))).toEqual({
      code: 'FRAME_TOO_LARGE',
      size: 24 + 200 * 430,
      limit: 65_535,
    })
  })

  it.each([
    ['a name too long', { stn: 'x'.repeat(17) }, { code: 'FIELD_TEXT_TOO_LONG', field: 'STN', size: 17, limit: 16 }],
    ['a count that is none', { cfgcnt: 1.5 }, { code: 'FIELD_OUT_OF_RANGE', field: 'CFGCNT', value: 1.5 }],
    ['another nominal frequency', { fnom: 55 as 50 }, { code: 'FIELD_OUT_OF_RANGE', field: 'FNOM', value: 55 }],
    [
      'a PHUNIT beyond 24 bits',
      { phasors: [{ name: '', kind: 'voltage' as const, phunit: 0x1000000 }] },
      { code: 'FIELD_OUT_OF_RANGE', field: 'PHUNIT' },
    ],
    [
      '17 labels',
      { digitals: [{ labels: Array(17).fill(''), normal: 0, valid: 0 }] },
      { code: 'DATA_SHAPE_MISMATCH', field: 'labels', count: 17, expected: 16 },
    ],
  ])('is refused with %s', (_case, change, fault) => {
    const wrong: Configuration = { ...stationA, pmus: [{ ...stationA.pmus[0]!, ...change }] }
    expect(faultOf(() => encodeConfiguration(wrong))).toMatchObject(fault)
  })

  it.each([
    ['NUM_PMU that its bytes do not bear out', bluePmuWith(18, 0xff, 0xff), { code: 'FRAME_TRUNCATED' }],
    ['PHNMR that its bytes do not bear out', bluePmuWith(40, 0xff, 0xff), { code: 'FRAME_TRUNCATED' }],
    ['bytes left over', bluePmuWith(18, 0, 0), { code: 'FRAME_TRAILING_BYTES' }],
    ['a wrong CHK', bluePmu.with(20, 0x41), { code: 'FRAME_BAD_CHECKSUM' }],
    ['the type of a data frame', hex(golden.bluePmuData), { code: 'FRAME_WRONG_TYPE', type: 0 }],
  ])('is refused with %s', (_case, frame, fault) => {
    expect(faultOf(() => decodeConfiguration(frame))).toMatchObject(fault)
  })
})

describe('what was decoded', () => {
  it('shares nothing with the frame, be that a Buffer, whose slices are views', () => {
    const odd = bluePmu.slice()
    odd.set(new Array(16).fill(0), 20)
    const frame = Buffer.from(sealed(odd))
    const configuration = decodeConfiguration(frame)
    frame.fill(0x55)
    expect(configuration.pmus[0]!.stnBytes).toEqual(new Uint8Array(16))
    expect(encodeConfiguration(configuration)).toEqual([sealed(odd)])
  })
})

describe('what a configuration says of itself in bits', () => {
  it.each(Array.from({ length: 16 }, (_, format) => format))('survives: FORMAT %i', (format) => {
    const decoded = decodeFormat(format)
    expect(decoded).toEqual({
      polar: (format & 1) !== 0,
      phasors: format & 2 ? 'float32' : 'int16',
      analogs: format & 4 ? 'float32' : 'int16',
      freq: format & 8 ? 'float32' : 'int16',
    })
    expect(encodeFormat(decoded)).toBe(format)
    expect(encodeFormat(decodeFormat(0xabc0 | format))).toBe(0xabc0 | format)
  })

  it('survives: reserved bits of TIME_BASE, FORMAT, FNOM and PHUNIT', () => {
    const frame = [
      [14, 0xa5],
      [38, 0xff, 0xf6],
      [110, 0x7f],
      [126, 0xff, 0xfe],
    ].reduce((bytes, [at, ...values]) => {
      const next = bytes.slice()
      next.set(values, at!)
      return next
    }, bluePmu)
    const configuration = decodeConfiguration(sealed(frame))
    expect(configuration.timeBase).toBe(16_777_215)
    expect(configuration.timeBaseFlags).toBe(0xa5)
    expect(configuration.pmus[0]).toMatchObject({ fnom: 60, fnomReserved: 0xfffe, format: { reserved: 0xfff0 } })
    expect(configuration.pmus[0]!.phasors[0]!.kind).toBe('current')
    expect(encodeConfiguration(configuration)).toEqual([sealed(frame)])
  })
})

describe('a name', () => {
  const stn = 20
  const named = (...bytes: readonly number[]): Uint8Array => bluePmuWith(stn, ...bytes)
  const nulPadded = named(...hex('504d5531 00000000 00000000 00000000'))
  const latin1 = named(...hex('5afc7269 63682020 20202020 20202020'))
  const utf8 = named(...hex('5ac3bc72 69636820 20202020 20202020'))

  it.each([
    ['NULs behind it', nulPadded, 'PMU1', true],
    ['blanks before it', named(...hex('2020504d 55312020 20202020 20202020')), 'PMU1', true],
    ['Latin-1 letters', latin1, 'Zürich', true],
    ['UTF-8 letters', utf8, 'Zürich', false],
    ['a NUL and garbage', named(...hex('504d5500 58595a20 20202020 20202020')), 'PMU\0XYZ', false],
    ['nothing but NULs', named(...new Array(16).fill(0)), '', true],
  ])('with %s is text for the user and bytes for the wire', (_case, frame, text, keepsBytes) => {
    const configuration = decodeConfiguration(frame)
    expect(configuration.pmus[0]!.stn).toBe(text)
    expect(configuration.pmus[0]!.stnBytes !== undefined).toBe(keepsBytes)
    expect(encodeConfiguration(configuration)).toEqual([frame])
  })

  it('that was edited is written, not what was there before', () => {
    const configuration = decodeConfiguration(latin1)
    const renamed: Configuration = { ...configuration, pmus: [{ ...configuration.pmus[0]!, stn: 'Basel' }] }
    expect(decodeConfiguration(encodeConfiguration(renamed)[0]!).pmus[0]!.stn).toBe('Basel')
  })

  it('is kept where only the name of a digital channel is odd', () => {
    const [frame] = encodeConfiguration(stationA)
    const label = frame!.length - 2 - 2 - 4 - 4 - 12 - 16 - 16
    const odd = frame!.slice()
    odd.set(new Array(16).fill(0), label)
    const configuration = decodeConfiguration(sealed(odd))
    expect(configuration.pmus[0]!.digitals[0]!.labels[15]).toBe('')
    expect(encodeConfiguration(configuration)).toEqual([sealed(odd)])
  })
})

describe.skipIf(needsCaptures.skip)(needsCaptures.title('configurations of real PMUs'), () => {
  it.each([
    ['C37.118_1PMU_TCP.pcap', 1, 'Blue PMU'],
    ['C37.118_1PMU_UDP.pcap', 1, undefined],
    ['C37.118_2PMUsInSync_TCP.pcap', 2, undefined],
    ['c37_1100_clean_tcp.pcap', 1, undefined],
  ])('are written again byte for byte: %s', (name, count, stn) => {
    const frames = framesIn(name).filter((frame) => frameTypeOf(frame) === FrameType.config2)
    expect(frames).toHaveLength(count)
    for (const frame of frames) expect(again(frame)).toEqual([Uint8Array.from(frame)])
    if (stn) expect(decodeConfiguration(frames[0]!).pmus[0]!.stn).toBe(stn)
  })
})

describe('any configuration', () => {
  it('comes back as it was written, and is written as it was read', () => {
    fc.assert(
      fc.property(configuration, (written) => {
        const frames = encodeConfiguration(written)
        expect(frames).toHaveLength(1)
        const read = decodeConfiguration(frames)
        expect(read).toEqual(written)
        expect(encodeConfiguration(read)).toEqual(frames)
      }),
    )
  })

  it('is written again byte for byte after any of its bytes were changed, or is refused with facts', () => {
    const changes = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 12 })
    let read = 0
    fc.assert(
      fc.property(configuration, changes, (written, bytes) => {
        const frame = encodeConfiguration(written)[0]!
        for (const [at, value] of bytes) frame[14 + (at % (frame.length - 16))] = value
        const changed = sealed(frame)
        const fault = faultOf(() => {
          expect(again(changed)).toEqual([changed])
          read++
        })
        if (fault) expect(fault.code).toMatch(/^(FRAME|CONFIG)_/)
      }),
      { numRuns: 1000 },
    )
    expect(read).toBeGreaterThan(100)
  })
})
