import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  checkFrame,
  FrameType,
  fractionOf,
  frameTypeOf,
  idcodeOf,
  readFrameHeader,
  sizeOf,
  socOf,
  stampFrame,
  timeQualityOf,
  versionOf,
} from '../../src/c37118/index.ts'
import { golden, hex } from '../fixtures/golden.ts'
import { faultOf } from './support/faults.ts'
import { sealed } from './support/frames.ts'

const withSync = (sync: number): Uint8Array => {
  const frame = hex(golden.dataOff)
  frame[0] = sync >> 8
  frame[1] = sync
  return sealed(frame)
}

describe('checkFrame', () => {
  it('reads the fields every frame shares', () => {
    expect(checkFrame(hex(golden.stationACommand))).toEqual({
      type: FrameType.command,
      version: 1,
      size: 18,
      idcode: 7734,
      soc: 1149591600,
      fraction: 770_000,
      timeQuality: 0x0f,
    })
  })

  it.each([0, 1, 2] as const)('takes version %i for every type of frame', (version) => {
    for (const type of Object.values(FrameType)) {
      expect(checkFrame(withSync(0xaa00 | (type << 4) | version))).toMatchObject({ type, version })
    }
  })

  it.each([0x83, 0x93, 0xa3, 0xb3, 0xc3, 0xd3, 0xe3, 0xf3])(
    'refuses SYNC 0xAA%x as of C37.118.2-2024, with an error of its own',
    (byte) => {
      const sync = 0xaa00 | byte
      expect(faultOf(() => checkFrame(withSync(sync)))).toEqual({ code: 'FRAME_VERSION_UNSUPPORTED', version: 3, sync })
    },
  )

  it.each([
    ['an empty buffer', '', { code: 'FRAME_TRUNCATED', at: 0, need: 16, have: 0 }],
    ['a foreign first byte', 'ab41 0012', { code: 'FRAME_BAD_SYNC', sync: 0xab41 }],
    ['a reserved bit in SYNC', 'aac1 0012', { code: 'FRAME_BAD_SYNC', sync: 0xaac1 }],
    ['a type that no standard has', 'aa61 0012', { code: 'FRAME_UNKNOWN_TYPE', type: 6, sync: 0xaa61 }],
    ['a size beyond the buffer', 'aa41 0012 1e36', { code: 'FRAME_TRUNCATED', at: 0, need: 18, have: 6 }],
    ['a size below any frame', 'aa41 000f 1e36', { code: 'FRAME_BAD_SIZE', size: 15, minimum: 16 }],
    ['a byte too many', `${golden.stationACommand} 00`, { code: 'FRAME_TRAILING_BYTES', count: 1 }],
    [
      'a flipped bit',
      golden.stationACommand.replace('0002', '0003'),
      { code: 'FRAME_BAD_CHECKSUM', idcode: 7734, carried: 0xce00, computed: 0xde21 },
    ],
  ])('refuses %s', (_case, text, fault) => {
    expect(faultOf(() => checkFrame(hex(text)))).toEqual(fault)
  })

  it('leaves CHK to others in readFrameHeader', () => {
    const frame = hex(golden.stationACommand.replace('0002', '0003'))
    expect(readFrameHeader(frame).idcode).toBe(7734)
  })

  it('fails only with FrameError, whatever the bytes', () => {
    const begin = fc.constantFrom([], [0xaa], [0xaa, 0x01], [0xaa, 0x41, 0x00])
    fc.assert(
      fc.property(begin, fc.uint8Array({ maxLength: 64 }), (start, noise) => {
        const bytes = Uint8Array.from([...start, ...noise])
        faultOf(() => readFrameHeader(bytes))
        faultOf(() => checkFrame(bytes))
      }),
    )
  })
})

describe('the peeks', () => {
  it('read what checkFrame reads', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 12, maxLength: 40 }), (rest) => {
        const frame = sealed(Uint8Array.from([0xaa, 0x02, 0, 0, ...rest]), { size: true })
        const { type, version, size, idcode, soc, fraction, timeQuality } = checkFrame(frame)
        expect([frameTypeOf(frame), versionOf(frame), sizeOf(frame)]).toEqual([type, version, size])
        expect([idcodeOf(frame), socOf(frame), fractionOf(frame)]).toEqual([idcode, soc, fraction])
        expect(timeQualityOf(frame)).toBe(timeQuality)
      }),
    )
  })
})

describe('stampFrame', () => {
  it('gives a frame another time and leaves the rest', () => {
    const frame = hex(golden.bluePmuData)
    const before = checkFrame(frame)
    stampFrame(frame, { soc: 0xfffffffe, fraction: 0xfedcba })
    expect(checkFrame(frame)).toEqual({ ...before, soc: 0xfffffffe, fraction: 0xfedcba })
    expect(frame.subarray(14, -2)).toEqual(hex(golden.bluePmuData).subarray(14, -2))
  })

  it('changes time quality and IDCODE if asked to', () => {
    const frame = hex(golden.bluePmuData)
    stampFrame(frame, { soc: 1, fraction: 2, timeQuality: 0x3f, idcode: 65_534 })
    expect(checkFrame(frame)).toMatchObject({ soc: 1, fraction: 2, timeQuality: 0x3f, idcode: 65_534 })
  })

  it('refuses what the field cannot hold', () => {
    const frame = hex(golden.bluePmuData)
    expect(faultOf(() => stampFrame(frame, { soc: -1, fraction: 0 }))).toMatchObject({ field: 'SOC', value: -1 })
    expect(faultOf(() => stampFrame(frame, { soc: 1.5, fraction: 0 }))).toMatchObject({ code: 'FIELD_OUT_OF_RANGE' })
    expect(faultOf(() => stampFrame(frame, { soc: 0, fraction: 0x1000000 }))).toMatchObject({ field: 'FRACSEC' })
  })
})
