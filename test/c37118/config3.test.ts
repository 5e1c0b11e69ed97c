import { describe, expect, it } from 'vitest'
import {
  type Configuration,
  ConfigurationAssembler,
  checkFrame,
  checksum,
  decodeConfiguration,
  encodeConfiguration,
  type FrameFault,
  FrameType,
  type PmuConfiguration,
} from '../../src/c37118/index.ts'
import { hex } from '../fixtures/golden.ts'
import { stationA } from '../fixtures/station-a.ts'
import { config3, largeConfig3 } from './support/config3.ts'
import { faultOf } from './support/faults.ts'
import { bodyOf, cutSealed, cutWhole } from './support/fragments.ts'
import { concat, sealed, split } from './support/frames.ts'

describe('a CFG-3', () => {
  it('is laid out as the standard says', () => {
    const pmu: PmuConfiguration = {
      stn: 'Zürich',
      idcode: 8,
      gPmuId: '00112233-4455-6677-8899-aabbccddeeff',
      format: { polar: true, phasors: 'int16', analogs: 'int16', freq: 'int16' },
      phasors: [
        {
          name: 'Uβ',
          kind: 'current',
          scale: 0.5,
          angleOffset: -0.25,
          component: 'phase A',
          modification: 0x0204,
          userByte: 0x99,
        },
      ],
      analogs: [{ name: '', magnitude: 2, offset: -1 }],
      digitals: [],
      latitude: 47.5,
      longitude: Number.POSITIVE_INFINITY,
      elevation: Number.NEGATIVE_INFINITY,
      serviceClass: 'P',
      windowUs: -1,
      groupDelayUs: 20_000,
      fnom: 50,
      cfgcnt: 3,
    }
    const configuration: Configuration = {
      type: FrameType.config3,
      version: 2,
      idcode: 7,
      soc: 1,
      fraction: 2,
      timeQuality: 3,
      timeBase: 1_000_000,
      timeBaseFlags: 0,
      dataRate: -10,
      pmus: [pmu],
    }
    const expected = sealed(
      hex(`aa52 0000 0007 00000001 03000002
        0000                              // CONT_IDX
        000f4240 0001                     // TIME_BASE NUM_PMU
        07 5ac3bc72696368 0008            // STN IDCODE
        00112233445566778899aabbccddeeff  // G_PMU_ID
        0001 0001 0001 0000               // FORMAT PHNMR ANNMR DGNMR
        03 55ceb2  00                     // CHNAM
        0204 0c 99 3f000000 be800000      // PHSCALE
        40000000 bf800000                 // ANSCALE
        423e0000 7f800000 ff800000        // PMU_LAT PMU_LON PMU_ELEV
        50 ffffffff 00004e20              // SVC_CLASS WINDOW GRP_DLY
        0001 0003                         // FNOM CFGCNT
        fff6 0000`),
      { size: true },
    )
    expect(encodeConfiguration(configuration)).toEqual([expected])
    expect(decodeConfiguration(expected)).toEqual(configuration)
  })

  it('says the same as the CFG-2 it was made of', () => {
    const [frame] = encodeConfiguration({ ...stationA, type: FrameType.config3, version: 2 })
    const decoded = decodeConfiguration(frame!)
    expect(decoded.pmus[0]).toMatchObject({
      stn: 'Station A',
      gPmuId: '00000000-0000-0000-0000-000000000000',
      latitude: Number.POSITIVE_INFINITY,
      serviceClass: 'M',
    })
    expect(decoded.pmus[0]!.phasors[0]!.scale).toBeCloseTo(9.15527, 5)
    const [back] = encodeConfiguration({ ...decoded, type: FrameType.config2 })
    expect(decodeConfiguration(back!).pmus[0]!.phasors.map(({ phunit }) => phunit)).toEqual([
      915_527, 915_527, 915_527, 45_776,
    ])
  })

  it('keeps names that are no UTF-8, signalling NaNs and reserved bits', () => {
    const [frame] = encodeConfiguration(config3)
    const odd = frame!.slice()
    odd.set([0xff, 0xfe], 23) // the name of the station
    const scale = odd.length - 2 - 2 - 4 - 8 - 1 - 12 - 4 - 8 - 12
    odd.set(hex('ffff f7 55 7fa00001 ffa12345'), scale)
    odd.set(hex('7fa00002 80000000'), scale + 12)
    odd.set(hex('7fa00003'), scale + 12 + 8 + 4)
    const configuration = decodeConfiguration(sealed(odd))
    expect(configuration.pmus[0]!.phasors[0]).toMatchObject({ scale: Number.NaN, angleOffset: Number.NaN })
    expect(configuration.pmus[0]!.analogs[0]!.offset).toBe(-0)
    expect(encodeConfiguration(configuration)).toEqual([sealed(odd)])
  })

  it('is written with values edited since, not with the bytes they had', () => {
    const [frame] = encodeConfiguration(config3)
    const odd = frame!.slice()
    odd.set(hex('0000 f4'), odd.length - 2 - 2 - 4 - 8 - 1 - 12 - 4 - 8 - 12)
    odd.set(hex('7fa00001'), odd.length - 2 - 2 - 4 - 8 - 1 - 12)
    const read = decodeConfiguration(sealed(odd))
    const pmu = read.pmus[0]!
    expect(pmu.phasors[0]!.unitBytes).toBeDefined()
    expect(pmu.locationBytes).toBeDefined()
    const edited: Configuration = {
      ...read,
      pmus: [{ ...pmu, longitude: 9.5, phasors: [{ ...pmu.phasors[0]!, scale: 64 }] }],
    }
    const [again] = decodeConfiguration(encodeConfiguration(edited)).pmus
    expect(again).toMatchObject({ longitude: 9.5, phasors: [{ scale: 64 }] })
  })

  it.each([
    ['a G_PMU_ID that is no UUID', { gPmuId: 'x' }, 'FIELD_BAD_TEXT'],
    ['a service class of two letters', { serviceClass: 'MP' }, 'FIELD_BAD_TEXT'],
    ['a name of more than 255 bytes', { stn: 'ü'.repeat(128) }, 'FIELD_TEXT_TOO_LONG'],
  ])('is refused with %s', (_case, change, code) => {
    const wrong: Configuration = { ...config3, pmus: [{ ...config3.pmus[0]!, ...change }] }
    expect(faultOf(() => encodeConfiguration(wrong))?.code).toBe(code)
  })
})

describe('a CFG-3 in fragments', () => {
  const forms = {
    'one CHK for the whole': (size: number) => cutWhole(config3, size),
    'a CHK in each': (size: number) => cutSealed(config3, size),
  }
  const cases = Object.entries(forms).flatMap(([name, cut]) => [40, 75, 100].map((size) => ({ name, size, cut })))

  it.each(cases)('with $name, $size bytes a piece, is read, and written again byte for byte', ({ size, cut }) => {
    const fragments = cut(size)
    expect(fragments.length).toBeGreaterThan(1)
    const { fragmentation, ...configuration } = decodeConfiguration(fragments)
    expect(configuration).toEqual(config3)
    expect(encodeConfiguration({ ...configuration, ...(fragmentation && { fragmentation }) })).toEqual(fragments)
  })

  it.each(cases)('with $name, $size bytes a piece, passes splitter and assembler', ({ size, cut }) => {
    const fragments = cut(size)
    const { frames, splitter } = split([concat(...fragments)])
    expect(frames).toEqual(fragments)
    expect(splitter.discarded).toBe(0)
    const assembler = new ConfigurationAssembler()
    const results = frames.map((frame) => assembler.push(frame))
    expect(results.slice(0, -1).every((result) => result === undefined)).toBe(true)
    expect(results.at(-1)).toEqual(fragments)
    expect(assembler.pending).toBe(0)
  })

  it('may have its CHK cut in two by the last cut', () => {
    const body = bodyOf(config3)
    const fragments = cutWhole(config3, body.length + 1)
    expect(fragments.map((frame) => frame.length)).toEqual([16 + body.length + 1, 17])
    const { frames } = split([concat(...fragments)])
    expect(frames).toEqual(fragments)
    expect(decodeConfiguration(frames).pmus).toEqual(config3.pmus)
    expect(encodeConfiguration(decodeConfiguration(frames))).toEqual(fragments)
  })

  it('is written with one CHK for the whole, as openPDC does, when one frame cannot hold it', () => {
    const fragments = encodeConfiguration(largeConfig3)
    expect(fragments.map((frame) => frame.length).slice(0, 2)).toEqual([65_535, 65_535])
    expect(fragments.map((frame) => (frame[14]! << 8) | frame[15]!)).toEqual([1, 2, 0xffff])
    const image = concat(fragments[0]!, ...fragments.slice(1).map((frame) => frame.subarray(16)))
    expect(checksum(image)).toBe(0)

    const { frames } = split([concat(...fragments)])
    expect(frames).toHaveLength(3)
    const decoded = decodeConfiguration(frames)
    expect(decoded).toEqual(largeConfig3)
    expect(encodeConfiguration(decoded)).toEqual(fragments)
  })

  it('is cut anew when it was edited to another length', () => {
    const read = decodeConfiguration(cutWhole(config3, 40))
    const edited: Configuration = { ...read, pmus: [{ ...read.pmus[0]!, stn: 'a name of another length' }] }
    const frames = encodeConfiguration(edited)
    expect(frames).toHaveLength(1)
    expect(checkFrame(frames[0]!).type).toBe(FrameType.config3)
  })

  const pieces = cutSealed(config3, 40)
  const foreign = sealed(pieces[1]!.with(5, 0x77))
  it.each<[string, readonly Uint8Array[], Partial<FrameFault>]>([
    ['none', [], { code: 'CONFIG_FRAGMENTS_INCOMPLETE', fragments: 0 }],
    ['the first alone', pieces.slice(0, 1), { code: 'CONFIG_FRAGMENTS_INCOMPLETE', fragments: 1 }],
    ['no last', pieces.slice(0, -1), { code: 'CONFIG_FRAGMENT_OUT_OF_ORDER', expected: 0xffff }],
    ['no first', pieces.slice(1), { code: 'CONFIG_FRAGMENT_OUT_OF_ORDER', index: 2, expected: 1 }],
    ['a hole', pieces.toSpliced(1, 1), { code: 'CONFIG_FRAGMENT_OUT_OF_ORDER', index: 3, expected: 2 }],
    ['another stream', pieces.toSpliced(1, 1, foreign), { code: 'CONFIG_FRAGMENT_FOREIGN', expected: 7 }],
    ['the second-last missing', pieces.toSpliced(-2, 1), { code: 'FRAME_TRUNCATED' }],
    ['a wrong CHK', pieces.toSpliced(1, 1, pieces[1]!.with(30, 0x55)), { code: 'FRAME_BAD_CHECKSUM' }],
  ])('is refused with %s', (_case, fragments, fault) => {
    expect(faultOf(() => decodeConfiguration(fragments))).toMatchObject(fault)
  })
})

describe('ConfigurationAssembler', () => {
  const fragments = cutSealed(config3, 40)
  const collect = (
    frames: readonly Uint8Array[],
    options: { maxSize?: number } = {},
  ): { whole: Uint8Array[][]; faults: string[]; pending: number } => {
    const faults: string[] = []
    const assembler = new ConfigurationAssembler({ ...options, onDiscard: ({ code }) => faults.push(code) })
    const whole = frames.flatMap((frame) => {
      const done = assembler.push(frame)
      return done ? [done] : []
    })
    return { whole, faults, pending: assembler.pending }
  }

  it('passes on what is whole', () => {
    const [single] = encodeConfiguration(config3)
    const [two] = encodeConfiguration(stationA)
    const [one] = encodeConfiguration({ ...stationA, type: FrameType.config1 })
    expect(collect([single!, two!, one!]).whole).toEqual([[single], [two], [one]])
  })

  it('drops a series that is broken, says so, and takes the next', () => {
    const { whole, faults, pending } = collect([
      ...fragments.slice(0, 2),
      ...fragments.toSpliced(1, 1),
      ...fragments.toSpliced(-2, 1),
      ...fragments,
    ])
    expect(whole).toEqual([fragments])
    expect(faults[0]).toBe('CONFIG_FRAGMENTS_INCOMPLETE')
    expect(faults).toContain('CONFIG_FRAGMENT_OUT_OF_ORDER')
    expect(faults.at(-1)).toBe('FRAME_TRUNCATED')
    expect(pending).toBe(0)
  })

  it('drops a whole whose CHK is wrong', () => {
    const broken = cutWhole(config3, 60)
    broken[1]![40]! ^= 1
    expect(collect(broken)).toMatchObject({ whole: [], faults: ['FRAME_BAD_CHECKSUM'], pending: 0 })
  })

  it('is bounded', () => {
    const { whole, faults, pending } = collect(fragments, { maxSize: 100 })
    expect(whole).toEqual([])
    expect(faults[0]).toBe('CONFIG_FRAGMENTS_TOO_LARGE')
    expect(pending).toBe(0)
  })

  it('refuses frames that are no configuration', () => {
    expect(faultOf(() => collect([sealed(hex('aa01 0010 0001 00000000 00000000 0000'))]))?.code).toBe(
      'FRAME_WRONG_TYPE',
    )
  })
})
