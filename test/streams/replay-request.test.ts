import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  ContractError,
  encodeReplayRequest,
  MAX_ANSWER_BYTES,
  parseReplayRequest,
  type ReplayRequest,
} from '../../src/streams/index.ts'

const request: ReplayRequest = {
  id: 'token',
  sequence: 7,
  fromUs: 1_700_000_000_000_000,
  toUs: 1_700_000_001_000_000,
  maxBytes: 65_536,
}
const onWire = {
  contract: 1,
  id: 'token',
  sequence: 7,
  from_us: 1_700_000_000_000_000,
  to_us: 1_700_000_001_000_000,
  max_bytes: 65_536,
}
const bytesOf = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value))
const faultOf = (payload: Uint8Array) => {
  try {
    parseReplayRequest(payload)
  } catch (error) {
    if (error instanceof ContractError && error.facts.code === 'REPLAY_INVALID') return error.facts
    throw error
  }
  throw new Error('it was taken')
}

describe('a replay request', () => {
  it('is JSON of this contract, there and back', () => {
    expect(JSON.parse(new TextDecoder().decode(encodeReplayRequest(request)))).toEqual(onWire)
    expect(parseReplayRequest(encodeReplayRequest(request))).toEqual(request)
    const going = { ...request, cursor: 'x:17' }
    expect(parseReplayRequest(encodeReplayRequest(going))).toEqual(going)
  })

  it('may leave out how much it wants, and may want more than there is', () => {
    const { max_bytes: _, ...short } = onWire
    expect(parseReplayRequest(bytesOf(short)).maxBytes).toBe(16_384)
    expect(parseReplayRequest(bytesOf({ ...onWire, max_bytes: 2 ** 50 })).maxBytes).toBe(MAX_ANSWER_BYTES)
  })

  it('may have fields of a later day', () => {
    expect(parseReplayRequest(bytesOf({ ...onWire, reply_to: 'elsewhere/#' }))).toEqual(request)
  })

  it.each([
    ['another contract', { contract: 2 }, 'bad-contract'],
    ['no contract', { contract: undefined }, 'bad-contract'],
    ['a range reversed', { from_us: onWire.to_us, to_us: onWire.from_us }, 'bad-request'],
    ['an empty range', { to_us: onWire.from_us }, 'bad-request'],
    ['a time before there was any', { from_us: -1 }, 'bad-request'],
    ['a time after all', { to_us: Number.MAX_SAFE_INTEGER }, 'bad-request'],
    ['a time with a fraction', { from_us: 0.5 }, 'bad-request'],
    ['a time in words', { from_us: '2026' }, 'bad-request'],
    ['no time', { from_us: undefined }, 'bad-request'],
    ['no bytes wanted', { max_bytes: 0 }, 'bad-request'],
    ['a cursor that is a number', { cursor: 7 }, 'bad-request'],
    ['an empty cursor', { cursor: '' }, 'bad-request'],
    ['a long cursor', { cursor: 'x'.repeat(513) }, 'bad-request'],
    ['a cursor of many lines', { cursor: 'a\nb' }, 'bad-request'],
  ])('with %s is refused in words, to who asked', (_case, change, refusal) => {
    expect(faultOf(bytesOf({ ...onWire, ...change }))).toMatchObject({
      refusal,
      address: { id: 'token', sequence: 7 },
      problem: expect.stringMatching(/./),
    })
  })

  it.each([
    ['a slash in its id', { id: 'a/b' }],
    ['a wildcard in its id', { id: '#' }],
    ['an id of one character too many', { id: 'a'.repeat(65) }],
    ['an id that is no text', { id: ['token'] }],
    ['no id', { id: undefined }],
    ['a negative sequence', { sequence: -1 }],
    ['a sequence too large', { sequence: 2 ** 31 }],
    ['a sequence with a fraction', { sequence: 0.5 }],
  ])('with %s has nowhere to be answered', (_case, change) => {
    expect(faultOf(bytesOf({ ...onWire, ...change }))).not.toHaveProperty('address')
  })

  it('that is anything at all is read or refused, and nothing else', () => {
    const close = fc.record(
      {
        contract: fc.oneof(fc.constant(1), fc.jsonValue()),
        id: fc.oneof(fc.constant('token'), fc.jsonValue()),
        sequence: fc.oneof(fc.nat(), fc.jsonValue()),
        from_us: fc.oneof(fc.nat(), fc.jsonValue()),
        to_us: fc.oneof(fc.maxSafeNat(), fc.jsonValue()),
        max_bytes: fc.oneof(fc.nat(), fc.jsonValue()),
        cursor: fc.oneof(fc.string(), fc.jsonValue()),
      },
      { requiredKeys: [] },
    )
    const payload = fc.oneof(
      fc.uint8Array({ maxLength: 6000 }),
      fc.json().map((text) => new TextEncoder().encode(text)),
      close.map(bytesOf),
      fc.nat({ max: 3000 }).map((deep) => new TextEncoder().encode('['.repeat(deep))),
      fc.constant(bytesOf({ ...onWire, __proto__: null, padding: 'x'.repeat(5000) })),
    )
    fc.assert(
      fc.property(payload, (bytes) => {
        try {
          const { id, sequence, fromUs, toUs, maxBytes } = parseReplayRequest(bytes)
          expect(/^[\w-]{1,64}$/.test(id) && Number.isInteger(sequence) && fromUs < toUs && maxBytes > 0).toBe(true)
        } catch (error) {
          expect(error).toBeInstanceOf(ContractError)
        }
      }),
      { numRuns: 2000 },
    )
  })
})
