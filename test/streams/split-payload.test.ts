import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isConfiguration, isOneFrame, joinFrames, splitPayload } from '../../src/streams/index.ts'
import { configurationFrames, frameWriter, smallPmu } from '../support/stream-frames.ts'

const configuration = smallPmu()
const frame = frameWriter(configuration)

describe('a payload', () => {
  it('is cut into the frames it was joined of', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1000), { minLength: 1, maxLength: 5 }), (indexes) => {
        const frames = [...configurationFrames(configuration), ...indexes.map(frame)]
        const found: Uint8Array[] = []
        expect(splitPayload(joinFrames(frames), (each) => found.push(each))).toBe(true)
        expect(found).toEqual(frames)
      }),
    )
  })

  it.each([
    ['nothing', new Uint8Array(0)],
    ['no frame', Uint8Array.of(1, 2, 3)],
    ['a frame that is not whole', frame(1).subarray(0, -1)],
    ['a frame and a byte more', joinFrames([frame(1), Uint8Array.of(0xaa)])],
  ])('that is %s is no payload of frames', (_case, payload) => {
    expect(splitPayload(payload, () => {})).toBe(false)
    expect(isOneFrame(payload)).toBe(false)
  })

  it('may be anything', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(60), (noise, size) => {
        noise.set([0xaa, 1, 0, size].slice(0, noise.length))
        let total = 0
        splitPayload(noise, (each) => {
          total += each.length
        })
        expect(total).toBeLessThanOrEqual(noise.length)
      }),
    )
  })

  it('knows a configuration from data', () => {
    expect(configurationFrames({ ...configuration, type: 5 }).every(isConfiguration)).toBe(true)
    expect(isConfiguration(frame(1))).toBe(false)
  })
})
