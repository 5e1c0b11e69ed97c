import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Command, checkFrame, decodeCommand, describeCommand, encodeCommand } from '../../src/c37118/index.ts'
import { golden, hex } from '../fixtures/golden.ts'
import { faultOf } from './support/faults.ts'
import { sealed } from './support/frames.ts'

describe('a command', () => {
  it('is read from real frames', () => {
    expect(decodeCommand(hex(golden.dataOff))).toEqual({
      version: 1,
      idcode: 60,
      soc: 0x48998eb0,
      fraction: 0xc03152,
      timeQuality: 0,
      command: Command.dataOff,
      extension: new Uint8Array(0),
    })
    expect(decodeCommand(hex(golden.sendConfig2)).command).toBe(Command.sendConfig2)
    expect(decodeCommand(hex(golden.stationACommand)).command).toBe(Command.dataOn)
  })

  it('is written as real PDCs write it', () => {
    expect(encodeCommand({ idcode: 241, command: Command.sendConfig2 })).toEqual(hex(golden.sendConfig2))
    const on = { idcode: 7734, command: Command.dataOn, soc: 1149591600, fraction: 770_000, timeQuality: 0x0f }
    expect(encodeCommand(on)).toEqual(hex(golden.stationACommand))
  })

  it.each([...Object.values(Command), 0x100, 0xabc, 0xfff])('goes both ways: CMD %i', (command) => {
    for (const version of [1, 2] as const) {
      const frame = encodeCommand({ idcode: 5, command, version, soc: 9, fraction: 8, timeQuality: 7 })
      expect(frame).toHaveLength(18)
      expect(frame[1]).toBe(0x40 | version)
      expect(decodeCommand(frame)).toMatchObject({ idcode: 5, command, version, soc: 9, fraction: 8, timeQuality: 7 })
    }
  })

  it('carries an extension', () => {
    const extension = Uint8Array.of(1, 2, 3, 4, 5, 6)
    const frame = encodeCommand({ idcode: 5, command: Command.extended, extension })
    expect(checkFrame(frame).size).toBe(24)
    expect(decodeCommand(frame)).toMatchObject({ command: Command.extended, extension })
  })

  it('carries the longest extension that a frame can hold, and no longer one', () => {
    const extension = new Uint8Array(65_517).fill(7)
    expect(decodeCommand(encodeCommand({ idcode: 5, command: 8, extension })).extension).toEqual(extension)
    expect(faultOf(() => encodeCommand({ idcode: 5, command: 8, extension: new Uint8Array(65_518) }))).toMatchObject({
      code: 'FIELD_OUT_OF_RANGE',
      maximum: 65_517,
    })
  })

  it('gives the same bytes again when it was read', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 }), fc.uint8Array({ minLength: 12, maxLength: 60 }), (version, rest) => {
        const frame = sealed(Uint8Array.from([0xaa, 0x40 | version, 0, 0, ...rest, 0, 0]), { size: true })
        expect(encodeCommand(decodeCommand(frame))).toEqual(frame)
      }),
    )
  })

  it('has a name in words', () => {
    expect([1, 2, 3, 4, 5, 6, 8, 0x100, 0xfff, 7, 0x1000].map(describeCommand)).toEqual([
      'data off',
      'data on',
      'send HEADER',
      'send CFG-1',
      'send CFG-2',
      'send CFG-3',
      'extended frame',
      'user-defined',
      'user-defined',
      'reserved',
      'reserved',
    ])
  })

  it('is refused without CMD, and as another type', () => {
    const short = sealed(hex('aa41 0010 0001 00000000 00000000 0000'))
    expect(faultOf(() => decodeCommand(short))).toEqual({ code: 'FRAME_BAD_SIZE', size: 16, minimum: 18 })
    expect(faultOf(() => decodeCommand(hex(golden.bluePmuData)))).toEqual({
      code: 'FRAME_WRONG_TYPE',
      type: 0,
      expected: [4],
    })
  })
})
