import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  encodeConfiguration,
  encodeHeader,
  FrameSplitter,
  FrameType,
  frameTypeOf,
  splitFrames,
} from '../../src/c37118/index.ts'
import { golden, hex } from '../fixtures/golden.ts'
import { needsCaptures, readCapture } from '../support/captures.ts'
import { config3, largeConfig3 } from './support/config3.ts'
import { chunksOf, concat, sealed, split } from './support/frames.ts'

const data = hex(golden.bluePmuData)
const config = hex(golden.bluePmuConfig)
const command = hex(golden.dataOff)
const flipped = (frame: Uint8Array, at: number): Uint8Array => frame.with(at, frame[at]! ^ 0x40)
const counted = { onDiscard: () => {} }

describe('FrameSplitter', () => {
  it('cuts back-to-back frames, as views of the chunk', () => {
    const chunk = concat(config, data, command)
    const { frames, splitter } = split([chunk])
    expect(frames).toEqual([config, data, command])
    expect(frames.every((frame) => frame.buffer === chunk.buffer)).toBe(true)
    expect(splitter).toMatchObject({ pending: 0, discarded: 0, badChecksums: 0 })
  })

  it('hands over a frame as soon as its last byte is there', () => {
    const frames: Uint8Array[] = []
    const splitter = new FrameSplitter()
    splitter.push(data.subarray(0, -1), (frame) => frames.push(frame))
    expect([frames.length, splitter.pending]).toEqual([0, 53])
    splitter.push(data.subarray(-1), (frame) => frames.push(frame))
    expect([frames, splitter.pending]).toEqual([[data], 0])
  })

  it('gives frames that last, whatever is pushed afterwards', () => {
    const { frames } = split([...concat(data, config, command, data)].map((byte) => Uint8Array.of(byte)))
    expect(frames).toEqual([data, config, command, data])
  })

  it('resumes one byte after the SYNC of a frame with a wrong CHK: a frame inside of it is found', () => {
    const inside = concat(hex('aa01 0040 0001'), data, hex('0000 0000'))
    const { frames, discards, splitter } = split([concat(inside, command)])
    expect(frames).toEqual([data, command])
    expect(discards).toEqual({ 'bad-checksum': 6, noise: 4 })
    expect(splitter).toMatchObject({ discarded: 10, badChecksums: 1 })
  })

  it('goes on after a wrong CHK with the next frame, and counts each', () => {
    const { frames, discards, splitter } = split([concat(flipped(data, 20), data, flipped(config, 30), command)])
    expect(frames).toEqual([data, command])
    expect(discards).toEqual({ 'bad-checksum': 54 + 134 })
    expect(splitter.badChecksums).toBe(2)
  })

  it('finds what follows a FRAMESIZE that was damaged', () => {
    const long = data.with(2, 0x01)
    const short = data.with(3, 0x10)
    const tiny = data.with(3, 0x05)
    const rest = concat(data, data, data, data, data, data)
    for (const damaged of [long, short, tiny]) {
      expect(split([concat(damaged, rest)]).frames).toEqual([data, data, data, data, data, data])
    }
  })

  it.each([
    ['noise between frames', hex('00 ff aa aa 99 1234'), { noise: 7 }],
    ['a SYNC with an impossible FRAMESIZE', hex('aa01 000f 01'), { 'bad-size': 1, noise: 4 }],
    ['a SYNC of no version', hex('aa04 0012 aa7f 0012 aa93'), { noise: 8, 'bad-checksum': 2 }],
  ])('reports %s', (_case, noise, expected) => {
    const { frames, discards } = split([concat(data, noise, data)])
    expect(frames).toEqual([data, data])
    expect(Object.values(discards).reduce((sum, count) => sum + count, 0)).toBe(noise.length)
    if (!('bad-checksum' in expected)) expect(discards).toEqual(expected)
  })

  it('refuses whole frames of C37.118.2-2024, all eight, under their own name', () => {
    const frames2024 = [0x83, 0x93, 0xa3, 0xb3, 0xc3, 0xd3, 0xe3, 0xf3].map((byte) => sealed(data.with(1, byte)))
    const { frames, discards, splitter } = split([concat(...frames2024, data)])
    expect(frames).toEqual([data])
    expect(discards).toEqual({ 'unsupported-version': 8 * 54 })
    expect(splitter.badChecksums).toBe(0)
  })

  it('refuses whole frames of an unknown type under their own name', () => {
    const { frames, discards } = split([concat(sealed(data.with(1, 0x61)), sealed(data.with(1, 0x72)), data)])
    expect(frames).toEqual([data])
    expect(discards).toEqual({ 'unknown-type': 108 })
  })

  it('takes a FRAMESIZE above its limit as noise at once', () => {
    const big = encodeHeader({ idcode: 1, text: 'x'.repeat(2000) })
    const { frames, discards } = split([concat(big.subarray(0, 100), data)], { maxFrameSize: 1024, flush: false })
    expect(frames).toEqual([data])
    expect(discards).toEqual({ 'bad-size': 1, noise: 99 })
    expect(split([big]).frames).toEqual([big])
  })

  it('gives up a frame that is not continued, on flush, and finds those inside', () => {
    const lost = concat(config.subarray(0, 20), data, data, config.subarray(0, 50))
    const { frames, discards, splitter } = split([lost.subarray(0, 30), lost.subarray(30)], { flush: false })
    expect(frames).toEqual([data, data])
    expect(splitter.pending).toBe(50)
    const more: Uint8Array[] = []
    splitter.flush((frame) => more.push(frame))
    expect(more).toEqual([])
    expect(splitter.pending).toBe(0)
    expect(discards).toEqual({ 'bad-checksum': 20, incomplete: 50 })
    splitter.push(data, (frame) => more.push(frame))
    expect(more).toEqual([data])
  })

  it('on flush finds frames behind a giant FRAMESIZE', () => {
    const { frames, discards } = split([concat(hex('aa01 ffff'), data, data)])
    expect(frames).toEqual([data, data])
    expect(discards).toEqual({ incomplete: 4 })
  })

  it('is a generator too', async () => {
    async function* source() {
      yield concat(data, config.subarray(0, 9))
      yield config.subarray(9)
      yield concat(hex('aa01 ffff'), command)
    }
    const frames: Uint8Array[] = []
    for await (const frame of splitFrames(source())) frames.push(frame)
    expect(frames).toEqual([data, config, command])
  })
})

describe('the frames found', () => {
  const noise = fc.oneof(
    fc.uint8Array({ maxLength: 30 }),
    fc.constantFrom(
      hex('aa'),
      hex('aaaa'),
      hex('aa01'),
      hex('aa01 0036'),
      hex('aa01 0005 1122 3344'),
      hex('aa01 ffff'),
      hex('aa52 0020'),
      hex('aa83 0012'),
    ),
  )
  const large = encodeConfiguration(largeConfig3)
  const small = encodeConfiguration(config3)
  const piece = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(data, config, command, small[0]!) },
    {
      weight: 2,
      arbitrary: fc.tuple(fc.constantFrom(data, config), fc.nat(133)).map(([f, at]) => flipped(f, at % f.length)),
    },
    {
      weight: 2,
      arbitrary: fc.tuple(fc.constantFrom(data, config), fc.nat(133)).map(([f, at]) => f.subarray(0, at % f.length)),
    },
    { weight: 2, arbitrary: noise },
    { weight: 1, arbitrary: fc.constant(sealed(data.with(1, 0x83))) },
  )
  const cuts = fc.array(fc.nat(), { maxLength: 20 })

  it('are the same however the bytes were chunked, and so are the counts', () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), cuts, (pieces, places) => {
        const stream = concat(...pieces)
        const whole = split([stream])
        for (const chunks of [chunksOf(stream, places), [...stream].map((byte) => Uint8Array.of(byte))]) {
          const parts = split(chunks)
          expect(parts.frames).toEqual(whole.frames)
          expect(parts.discards).toEqual(whole.discards)
          expect(parts.splitter.badChecksums).toBe(whole.splitter.badChecksums)
        }
        const found = whole.frames.reduce((sum, frame) => sum + frame.length, 0)
        expect(found + whole.splitter.discarded).toBe(stream.length)
      }),
      { numRuns: 300 },
    )
  })

  it('include every frame that stands after one that was found, or at the start', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(data, config, command, small[0]!)), cuts, (pieces, places) => {
        expect(split(chunksOf(concat(...pieces), places)).frames).toEqual(pieces)
      }),
    )
  })

  it('are the same for a configuration in fragments between data, however chunked', () => {
    const stream = concat(data, large[0]!, data, large[1]!, command, large[2]!, data)
    fc.assert(
      fc.property(cuts, (places) => {
        const { frames, splitter } = split(chunksOf(stream, places))
        expect(frames.map(frameTypeOf)).toEqual([0, 5, 0, 5, 4, 5, 0])
        expect(splitter.discarded).toBe(0)
      }),
      { numRuns: 30 },
    )
  })
})

describe('fragments of a CFG-3 without CHK', () => {
  const [first, second, last] = encodeConfiguration(largeConfig3) as [Uint8Array, Uint8Array, Uint8Array]
  const config3s = (...parts: readonly Uint8Array[]): number =>
    split([concat(...parts, data, data)]).frames.filter((frame) => frameTypeOf(frame) === FrameType.config3).length

  it('come out when they form a series', () => {
    expect(config3s(first, second, last)).toBe(3)
  })

  it.each([
    ['a first that nothing follows', [first], 0],
    ['a series without its beginning', [second, last], 0],
    ['a last of another series', [first, second, sealedLast(last)], 1],
    ['noise between', [first, hex('00'), second, last], 0],
    ['a damaged second', [first, flipped(second, 5), last], 0],
    ['a damaged last', [first, second, flipped(last, 40)], 2],
  ])('do not come out as %s', (_case, parts, count) => {
    expect(config3s(...parts)).toBe(count)
  })

  function sealedLast(frame: Uint8Array): Uint8Array {
    return frame.with(9, frame[9]! ^ 1)
  }

  it('never let other types out with a wrong CHK', () => {
    const types = [0x02, 0x12, 0x22, 0x32, 0x42].map((byte) =>
      [first, second, last].map((frame) => frame.with(1, byte)),
    )
    for (const series of types) expect(split([concat(...series)]).frames).toEqual([])
  })
})

describe('a hostile stream', () => {
  const size = 1 << 20
  const repeat = (unit: Uint8Array): Uint8Array => {
    const stream = new Uint8Array(size)
    for (let at = 0; at + unit.length <= size; at += unit.length) stream.set(unit, at)
    return stream
  }
  const fragment = hex('aa52 4000 0001 00000000 00000000 0001')
  const streams: readonly (readonly [string, Uint8Array])[] = [
    ['giant frames, one begun every four bytes', repeat(hex('aa01 ffff'))],
    ['giant frames that end at one place', repeat(hex('aa01 8000'))],
    ['nothing but SYNC', repeat(hex('aa'))],
    ['first fragments that go on nowhere', repeat(fragment)],
    ['frames with a right CHK inside giant ones', repeat(concat(hex('aa01 ffff'), data))],
    ['fragments followed by frames', repeat(concat(fragment, data))],
  ]

  it.each(streams)('costs time in proportion to its bytes: %s', (_case, stream) => {
    for (const step of [size, 1448, 7]) {
      const splitter = new FrameSplitter()
      const begin = performance.now()
      for (let at = 0; at < size; at += step) splitter.push(stream.subarray(at, at + step), () => {})
      splitter.flush(() => {})
      // A CRC of 64 KB per candidate would take minutes.
      expect(performance.now() - begin).toBeLessThan(5000)
    }
  })

  it.each(streams)('is held in bounded memory: %s', (_case, stream) => {
    const splitter = new FrameSplitter(counted)
    for (let at = 0; at < size; at += 1000) {
      splitter.push(stream.subarray(at, at + 1000), () => {})
      expect(splitter.pending).toBeLessThanOrEqual(2 * 65_536)
    }
  })

  it('sent byte by byte costs as much per byte at the end of a giant frame as at its beginning', () => {
    const giant = encodeHeader({ idcode: 1, text: 'x'.repeat(65_000) })
    const splitter = new FrameSplitter()
    let found = 0
    const begin = performance.now()
    for (let round = 0; round < 10; round++) {
      for (const byte of giant) splitter.push(Uint8Array.of(byte), () => found++)
    }
    expect(found).toBe(10)
    expect(performance.now() - begin).toBeLessThan(5000)
  })
})

describe.skipIf(needsCaptures.skip)(needsCaptures.title('real traffic'), () => {
  it('in a raw stream is cut without loss, in chunks of any size', () => {
    const stream = readCapture('gsf_framecapture.PmuCapture')
    for (const step of [1, 87, 88, 89, 1448, 65_536]) {
      const cuts = Array.from({ length: Math.floor(stream.length / step) }, (_, at) => at * step)
      const { frames, splitter } = split(chunksOf(stream, cuts))
      expect(frames).toHaveLength(494)
      expect(splitter.discarded).toBe(0)
    }
  })
})
