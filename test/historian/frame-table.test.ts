import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Configuration, compileEncoder, type Format, stampFrame } from '../../src/c37118/index.ts'
import { type Cell, FrameTable } from '../../src/historian/frame-table.ts'
import { configurationOf } from '../pdc/configurations.ts'

const int: Format = { polar: true, phasors: 'int16', analogs: 'int16', freq: 'int16' }
const float: Format = { polar: false, phasors: 'float32', analogs: 'float32', freq: 'float32' }
const mixed: Format = { polar: true, phasors: 'float32', analogs: 'int16', freq: 'int16' }

/** A frame whose numbers are these bits, whatever they mean. */
function frameOf(configuration: Configuration, bytes: readonly number[]): Uint8Array {
  const encoder = compileEncoder(configuration)
  const frame = encoder.encode(encoder.createColumns())
  for (let at = 14; at < frame.length - 2; at++) frame[at] = bytes[at % bytes.length]!
  stampFrame(frame, { soc: 1_700_000_000, fraction: 123_456, timeQuality: 0x2f })
  return frame
}

function roundTrip(table: FrameTable, frame: Uint8Array): { readonly isAll: boolean; readonly again: Uint8Array } {
  const cells: Cell[] = []
  const isAll = table.read(frame, cells)
  const view = new DataView(frame.buffer, frame.byteOffset)
  return { isAll, again: table.write(view.getUint16(0), view.getUint32(6), view.getUint32(10), cells) }
}

describe('a frame as a row', () => {
  it.each([int, float, mixed])('is the same again to the bit, or said not to be: %j', (format) => {
    const configuration = configurationOf([
      { idcode: 1, format },
      { idcode: 2, format: float },
      { idcode: 3, format },
    ])
    const table = new FrameTable(configuration)
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 255 }), { minLength: 1, maxLength: 97 }), (bytes) => {
        const frame = frameOf(configuration, bytes)
        const { isAll, again } = roundTrip(table, frame)
        if (isAll) expect(Buffer.from(again)).toEqual(Buffer.from(frame))
      }),
      { numRuns: 500 },
    )
  })

  it('is kept whole where a float is a -0.0, or a NaN with a meaning of its own', () => {
    const configuration = configurationOf([{ idcode: 1, format: float }])
    const table = new FrameTable(configuration)
    const withBits = (bits: number): boolean => {
      const frame = frameOf(configuration, [0])
      new DataView(frame.buffer).setUint32(16, bits)
      stampFrame(frame, { soc: 1, fraction: 0 })
      return table.read(frame, [])
    }
    expect([0, 0x3f800000, 0x7f800000, 0xff800000, 1, 0x7fc00000].map(withBits)).toEqual(Array(6).fill(true))
    expect([0x80000000, 0x7fc00001, 0x7f800001, 0xffc00000].map(withBits)).toEqual(Array(4).fill(false))
  })

  it('has columns that are named once, after PMU, channel and part', () => {
    const table = new FrameTable(
      configurationOf([
        {
          idcode: 1,
          phasors: [
            { name: 'VA', kind: 'voltage' },
            { name: 'va', kind: 'voltage' },
          ],
          analogs: [{ name: '\u0000' }],
          digitals: [],
        },
        { idcode: 2, phasors: [], analogs: [] },
      ]),
    )
    expect(table.columns.map(({ name, type }) => `${name} ${type}`)).toEqual([
      '1.stat USMALLINT',
      '1.VA.re SMALLINT',
      '1.VA.im SMALLINT',
      '1.va.re (2) SMALLINT',
      '1.va.im (2) SMALLINT',
      '1.freq SMALLINT',
      '1.dfreq SMALLINT',
      '1.unnamed SMALLINT',
      '2.stat USMALLINT',
      '2.freq SMALLINT',
      '2.dfreq SMALLINT',
      '2.digital1 USMALLINT',
    ])
  })
})
