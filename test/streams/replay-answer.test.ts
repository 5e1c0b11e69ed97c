import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type AbsentRange,
  absentVerdicts,
  boundAbsent,
  ContractError,
  cutParts,
  encodeReplayEnd,
  encodeReplayRefusal,
  framesOfParts,
  parseReplayEnd,
  REPLY_PART_BYTES,
  type ReplayEnd,
} from '../../src/streams/index.ts'
import { configurationFrames, frameWriter, smallPmu } from '../support/stream-frames.ts'

const end: ReplayEnd = {
  stream: 'south-italy-113/secondary-station/1156/PMU/765',
  parts: 2,
  bytes: 20_000,
  frames: 400,
  cursor: undefined,
  throughUs: 1_700_000_001_000_000,
  absent: [
    { fromUs: 1_700_000_000_000_000, toUs: 1_700_000_000_500_000, verdict: 'not-received', reason: 'adapter-down' },
    { fromUs: 1_700_000_000_500_000, toUs: 1_700_000_001_000_000, verdict: 'never-produced' },
  ],
}
const wire = (value: ReplayEnd): Record<string, unknown> => JSON.parse(new TextDecoder().decode(encodeReplayEnd(value)))
const bytesOf = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value))

/** Disjoint, in order. */
const cover = fc
  .uniqueArray(fc.nat({ max: 4_000_000_000_000_000 }), { minLength: 0, maxLength: 128 })
  .chain((times) => {
    const [...sorted] = times.toSorted((a, b) => a - b)
    const pairs = Array.from({ length: sorted.length >> 1 }, (_, n) => [sorted[2 * n]!, sorted[2 * n + 1]!] as const)
    return fc.tuple(
      ...pairs.map(([fromUs, toUs]) =>
        fc
          .record({ verdict: fc.constantFrom(...absentVerdicts) })
          .map((rest): AbsentRange => ({ fromUs, toUs, ...rest })),
      ),
    )
  })

describe('the end of an answer', () => {
  it('is JSON of this contract, there and back', () => {
    expect(wire(end)).toMatchObject({
      contract: 1,
      cursor: null,
      through_us: 1_700_000_001_000_000,
      absent: [
        {
          from_us: 1_700_000_000_000_000,
          to_us: 1_700_000_000_500_000,
          verdict: 'not-received',
          reason: 'adapter-down',
        },
        { from_us: 1_700_000_000_500_000, to_us: 1_700_000_001_000_000, verdict: 'never-produced' },
      ],
    })
    expect(parseReplayEnd(encodeReplayEnd(end))).toEqual(end)
    const going = { ...end, cursor: 'segment:17', absent: [] }
    expect(parseReplayEnd(encodeReplayEnd(going))).toEqual(going)
  })

  it('says whatever is absent', () => {
    fc.assert(
      fc.property(cover, (absent) => {
        const said = parseReplayEnd(encodeReplayEnd({ ...end, absent: absent.slice(0, 64) }))
        expect(said).toMatchObject({ absent: absent.slice(0, 64) })
      }),
    )
  })

  it('ends earlier where there is more to say than it can', () => {
    const absent = Array.from({ length: 100 }, (_, n) => ({
      fromUs: n * 10,
      toUs: n * 10 + 10,
      verdict: 'lost' as const,
    }))
    const bounded = boundAbsent(absent, 1000)
    expect(bounded).toEqual({ absent: absent.slice(0, 64), throughUs: 640 })
    expect(boundAbsent(absent.slice(0, 64), 1000)).toEqual({ absent: absent.slice(0, 64), throughUs: 1000 })
    expect(encodeReplayEnd({ ...end, ...bounded }).length).toBeLessThan(REPLY_PART_BYTES)
  })

  it('makes one word of any reason', () => {
    const absent: AbsentRange[] = [{ fromUs: 0, toUs: 1, verdict: 'lost', reason: 'no "space"\n on /dev/sda1' }]
    expect(parseReplayEnd(encodeReplayEnd({ ...end, absent }))).toMatchObject({
      absent: [{ reason: 'no--space---on--dev-sda1' }],
    })
  })

  it('may be a refusal', () => {
    const payload = encodeReplayRefusal('busy', 'too many requests wait')
    expect(parseReplayEnd(payload)).toEqual({ refused: 'busy', message: 'too many requests wait' })
    expect(JSON.parse(new TextDecoder().decode(payload))).toEqual({
      contract: 1,
      error: { code: 'busy', message: 'too many requests wait' },
    })
  })

  it.each([
    ['another contract', { contract: 2 }],
    ['no stream', { stream: undefined }],
    ['parts without number', { parts: 1025 }],
    ['negative bytes', { bytes: -1 }],
    ['a verdict of its own', { absent: [{ from_us: 0, to_us: 1, verdict: 'fine' }] }],
    ['a range reversed', { absent: [{ from_us: 1, to_us: 0, verdict: 'lost' }] }],
    [
      'ranges that overlap',
      {
        absent: [
          { from_us: 0, to_us: 5, verdict: 'lost' },
          { from_us: 4, to_us: 9, verdict: 'expired' },
        ],
      },
    ],
    ['a reason that is a sentence', { absent: [{ from_us: 0, to_us: 1, verdict: 'lost', reason: 'a b' }] }],
    ['more ranges than it may', { absent: Array(65).fill({ from_us: 0, to_us: 1, verdict: 'lost' }) }],
    ['absence before the range is complete', { cursor: 'x' }],
    ['an error without a code', { error: 'no' }],
  ])('with %s is refused', (_case, change) => {
    expect(() => parseReplayEnd(bytesOf({ ...wire(end), ...change }))).toThrow(ContractError)
  })

  it('that is anything at all is read or refused, and nothing else', () => {
    const close = fc.record(
      {
        contract: fc.constant(1),
        error: fc.jsonValue(),
        stream: fc.oneof(fc.string(), fc.jsonValue()),
        parts: fc.oneof(fc.nat(), fc.jsonValue()),
        bytes: fc.oneof(fc.nat(), fc.jsonValue()),
        frames: fc.oneof(fc.nat(), fc.jsonValue()),
        cursor: fc.oneof(fc.constant(null), fc.jsonValue()),
        through_us: fc.oneof(fc.nat(), fc.jsonValue()),
        absent: fc.array(
          fc.oneof(
            fc.record({ from_us: fc.nat(), to_us: fc.nat(), verdict: fc.constantFrom(...absentVerdicts, 'x') }),
            fc.jsonValue(),
          ),
        ),
      },
      { requiredKeys: ['contract'] },
    )
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), close.map(bytesOf)), (payload) => {
        try {
          const read = parseReplayEnd(payload)
          if (!('refused' in read)) expect(read.absent.every(({ fromUs, toUs }) => fromUs < toUs)).toBe(true)
        } catch (error) {
          expect(error).toBeInstanceOf(ContractError)
        }
      }),
      { numRuns: 2000 },
    )
  })
})

describe('the parts of an answer', () => {
  const configuration = smallPmu()
  const [cfg2] = configurationFrames(configuration)
  const frame = frameWriter(configuration)

  it('are whole frames, in order, none larger than 16 KiB unless one frame is', () => {
    const large = configurationFrames(smallPmu({ phasors: 1500 }))[0]!
    expect(large.length).toBeGreaterThan(REPLY_PART_BYTES)
    fc.assert(
      fc.property(fc.array(fc.constantFrom(cfg2!, frame(1), frame(2), large), { maxLength: 1500 }), (frames) => {
        const parts = [...cutParts(frames)]
        expect(parts.every((part) => part.length <= REPLY_PART_BYTES || part.length === large.length)).toBe(true)
        const back = framesOfParts(parts)
        expect(back.length).toBe(frames.length)
        expect(back.every((each, n) => Buffer.compare(each, frames[n]!) === 0)).toBe(true)
      }),
      { numRuns: 30 },
    )
  })

  it('are filled before the next begins', () => {
    const parts = [...cutParts(Array.from({ length: 1000 }, (_, n) => frame(n)))]
    const perPart = Math.floor(REPLY_PART_BYTES / frame(0).length)
    expect(parts.length).toBe(Math.ceil(1000 / perPart))
    expect(parts[0]!.length).toBe(perPart * frame(0).length)
  })

  it('are refused where a frame is broken, cut, or of a type no answer has', () => {
    const broken = new Uint8Array(frame(1))
    broken[20]! ^= 1
    const command = new Uint8Array(frame(1))
    command[1] = 0x41
    for (const part of [broken, command, frame(1).subarray(1), frame(1).subarray(0, 20), new Uint8Array(0)]) {
      expect(() => framesOfParts([cfg2!, part])).toThrow(ContractError)
    }
  })

  it('that are anything at all are read or refused, and nothing else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
        const part = new Uint8Array([0xaa, ...noise])
        try {
          expect(framesOfParts([part]).length).toBeGreaterThan(0)
        } catch (error) {
          expect(error).toBeInstanceOf(ContractError)
        }
      }),
    )
  })
})
