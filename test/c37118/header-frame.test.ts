import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkFrame, decodeHeader, encodeHeader } from '../../src/c37118/index.ts'
import { golden, hex } from '../fixtures/golden.ts'
import { faultOf } from './support/faults.ts'
import { sealed } from './support/frames.ts'

describe('a header frame', () => {
  it('may be empty, as a real relay sends it', () => {
    const header = decodeHeader(hex(golden.emptyHeader))
    expect(header).toMatchObject({ idcode: 1, text: '', timeQuality: 0x0f })
    expect(encodeHeader(header)).toEqual(hex(golden.emptyHeader))
  })

  it.each([1, 2] as const)('carries text, in version %i', (version) => {
    const frame = encodeHeader({ idcode: 9, text: 'Relay of Zürich, v1', version, soc: 3, fraction: 4 })
    expect(checkFrame(frame).version).toBe(version)
    expect(decodeHeader(frame)).toEqual({
      version,
      idcode: 9,
      soc: 3,
      fraction: 4,
      timeQuality: 0,
      text: 'Relay of Zürich, v1',
    })
  })

  it('gives the same bytes again, be they text or not', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (body) => {
        const frame = sealed(Uint8Array.from([0xaa, 0x12, 0, 0, 0, 1, ...hex('00000001 00000002'), ...body, 0, 0]), {
          size: true,
        })
        expect(encodeHeader(decodeHeader(frame))).toEqual(frame)
      }),
    )
  })

  it('is written with the text that is there now, not with earlier bytes', () => {
    const latin1 = sealed(hex('aa12 0013 0001 00000001 00000002 41ff42 0000'))
    const header = decodeHeader(latin1)
    expect(header.text).toBe('AÿB')
    expect(decodeHeader(encodeHeader({ ...header, text: 'new' })).text).toBe('new')
  })

  it('is refused when it is longer than a frame', () => {
    expect(faultOf(() => encodeHeader({ idcode: 1, text: 'x'.repeat(65_520) }))).toMatchObject({
      code: 'FIELD_OUT_OF_RANGE',
      field: 'FRAMESIZE',
    })
  })
})
