import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EpochGate, type EpochGateOptions } from '../../src/streams/index.ts'
import { configurationFrames, frameWriter, smallPmu } from '../support/stream-frames.ts'

const one = smallPmu({ stn: 'ONE' })
const two = smallPmu({ stn: 'TWO' })
const larger = smallPmu({ stn: 'LARGER', phasors: 4 })
const frame = frameWriter(one)
const largerFrame = frameWriter(larger)

function openGate(options?: EpochGateOptions) {
  const calls: string[] = []
  const gate = new EpochGate(
    {
      configuration: (_fragments, { pmus }) => calls.push(pmus[0]!.stn),
      data: (bytes) => calls.push(`data ${Buffer.from(bytes).readUInt16BE(16)}`),
      dropped: (count, reason) => calls.push(`${reason} ${count}`),
    },
    options,
  )
  return { gate, calls }
}

describe('the epoch gate', () => {
  it('holds data until a configuration is there, then gives it in order', () => {
    const { gate, calls } = openGate()
    gate.data(frame(1))
    gate.data(frame(2))
    expect(gate.waiting).toBe(true)
    gate.configuration(configurationFrames(one), true)
    gate.data(frame(3))
    expect(calls).toEqual(['ONE', 'data 1', 'data 2', 'data 3'])
    expect(gate.waiting).toBe(false)
  })

  it('holds no more than it may, and lets the oldest go', () => {
    const { gate, calls } = openGate({ maxHeldFrames: 2 })
    for (const index of [1, 2, 3, 4]) gate.data(frame(index))
    gate.configuration(configurationFrames(one), true)
    expect(calls).toEqual(['held-overflow 1', 'held-overflow 1', 'ONE', 'data 3', 'data 4'])
  })

  it('holds no more bytes than it may', () => {
    const { gate, calls } = openGate({ maxHeldBytes: 2 * frame(0).length })
    for (const index of [1, 2, 3]) gate.data(frame(index))
    gate.configuration(configurationFrames(one), true)
    expect(calls).toEqual(['held-overflow 1', 'ONE', 'data 2', 'data 3'])
  })

  it('shares a bound with the gates of other streams', () => {
    const budget = { maxBytes: 3 * frame(0).length, usedBytes: 0 }
    const [first, second] = [openGate({ budget }), openGate({ budget })]
    for (const index of [1, 2]) first.gate.data(frame(index))
    for (const index of [3, 4]) second.gate.data(frame(index))
    expect([first.calls, second.calls]).toEqual([[], ['held-overflow 1']])
    first.gate.reset()
    second.gate.configuration(configurationFrames(one), true)
    expect([budget.usedBytes, second.calls]).toEqual([0, ['held-overflow 1', 'ONE', 'data 4']])
  })

  it('does not let a retained configuration undo a live one', () => {
    const { gate, calls } = openGate()
    gate.configuration(configurationFrames(two), false)
    gate.configuration(configurationFrames(one), true)
    gate.data(frame(1))
    expect(calls).toEqual(['TWO', 'stale-configuration 1', 'data 1'])
  })

  it('believes a retained configuration again after a reconnect, and nothing before it', () => {
    const { gate, calls } = openGate()
    gate.configuration(configurationFrames(one), false)
    gate.reconnected()
    gate.data(frame(1))
    expect(calls).toEqual(['ONE'])
    gate.configuration(configurationFrames(two), true)
    expect(calls).toEqual(['ONE', 'TWO', 'data 1'])
  })

  it('gives nothing that it held for a configuration when the connection was lost', () => {
    const { gate, calls } = openGate()
    gate.data(frame(1))
    gate.reconnected()
    gate.data(frame(2))
    gate.configuration(configurationFrames(one), true)
    expect(calls).toEqual(['connection-lost 1', 'ONE', 'data 2'])
    gate.reset()
    expect(calls).toHaveLength(3)
  })

  it('begins no new epoch with the same configuration, and gives what it held', () => {
    const { gate, calls } = openGate()
    gate.configuration(configurationFrames(one), false)
    gate.reconnected()
    gate.data(frame(1))
    gate.configuration(configurationFrames({ ...one, soc: one.soc + 60 }), true)
    expect(calls).toEqual(['ONE', 'data 1'])
  })

  it('never gives a frame of another size: it waits for its configuration, or is dropped', () => {
    const { gate, calls } = openGate()
    gate.configuration(configurationFrames(one), false)
    gate.data(largerFrame(1))
    gate.data(frame(2))
    gate.configuration(configurationFrames(larger), false)
    gate.data(frame(3))
    gate.giveUp()
    expect(calls).toEqual(['ONE', 'data 2', 'LARGER', 'data 1', 'size-mismatch 1'])
  })

  it('keeps what is in force when a configuration cannot be read', () => {
    const { gate, calls } = openGate()
    gate.configuration(configurationFrames(one), false)
    gate.configuration([configurationFrames(two)[0]!.subarray(0, 20)], false)
    gate.data(frame(1))
    expect(calls).toEqual(['ONE', 'bad-configuration 1', 'data 1'])
  })

  it('forgets all of a stream that was retired', () => {
    const { gate, calls } = openGate()
    gate.configuration(configurationFrames(one), false)
    gate.data(largerFrame(1))
    gate.reset()
    expect([gate.waiting, gate.fragments]).toEqual([false, undefined])
    gate.configuration(configurationFrames(one), true)
    expect(calls).toEqual(['ONE', 'ONE'])
  })

  it('accounts for every frame, whatever comes', () => {
    const step = fc.oneof(
      fc.constantFrom('frame', 'larger', 'reconnect', 'give up'),
      fc.tuple(fc.constantFrom(one, two, larger), fc.boolean()),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { gate, calls } = openGate({ maxHeldFrames: 5 })
        let sent = 0
        for (const what of steps) {
          if (what === 'frame') gate.data(frame(sent++))
          else if (what === 'larger') gate.data(largerFrame(sent++))
          else if (what === 'reconnect') gate.reconnected()
          else if (what === 'give up') gate.giveUp()
          else gate.configuration(configurationFrames(what[0]), what[1])
        }
        gate.configuration(configurationFrames(one), false)
        const given = calls.filter((call) => call.startsWith('data')).length
        const dropped = calls
          .filter((call) => /^(held-overflow|connection-lost|size-mismatch)/.test(call))
          .reduce((sum, call) => sum + Number(call.split(' ')[1]), 0)
        expect(given + dropped).toBe(sent)
      }),
    )
  })
})
