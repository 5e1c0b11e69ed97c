import { describe, expect, it } from 'vitest'
import { decodeConfiguration, encodeConfiguration, FrameType } from '../../src/c37118/index.ts'
import { Epochs } from '../../src/recovery/epochs.ts'
import { type AnswerEnd, type Given, LateHand } from '../../src/recovery/late-hand.ts'
import { config2, dataAt, smallerConfig2, smallerDataAt } from '../support/blue-pmu.ts'

function startHand(epochs = new Epochs()) {
  const given: { readonly frame: Uint8Array; readonly pmus: number; readonly phasors: number }[] = []
  const ends: AnswerEnd[] = []
  let answer: Given = 'done'
  let unreadable = 0
  const hand = new LateHand({
    epochs,
    give(frame, { configuration }) {
      if (answer !== 'done') return answer
      given.push({ frame, pmus: configuration.pmus.length, phasors: configuration.pmus[0]!.phasors.length })
      return answer
    },
    unreadable: () => void unreadable++,
    ended: (end) => ends.push(end),
  })
  return {
    hand,
    given,
    ends,
    get unreadable() {
      return unreadable
    },
    answers(with_: Given) {
      answer = with_
    },
  }
}

const end: AnswerEnd = { nodeId: 'n', throughUs: 1, absent: [] }

describe('answers of a journal, on their way to a sink', () => {
  it('give each frame with the configuration inside their answer', () => {
    const test = startHand()
    test.hand.put([config2, dataAt(0), smallerConfig2, smallerDataAt(1), config2, dataAt(2)], 400, end)
    expect(test.hand.give(100)).toBe('empty')
    expect(test.given.map(({ phasors }) => phasors)).toEqual([4, 3, 4])
    expect(test.ends).toEqual([end])
    expect(test.hand.bytes).toBe(0)
  })

  it('read a configuration that comes as fragments of a CFG-3', () => {
    const test = startHand()
    const config3 = encodeConfiguration({ ...decodeConfiguration([config2]), type: FrameType.config3 })
    test.hand.put([...config3, dataAt(0)], 400, end)
    test.hand.give(100)
    expect(test.given).toEqual([{ frame: dataAt(0), pmus: 1, phasors: 4 }])
  })

  it('count what cannot be read: no configuration in this answer, or another size than it gives', () => {
    const test = startHand()
    test.hand.put([config2, dataAt(0)], 200, undefined)
    test.hand.put([dataAt(1), config2, smallerDataAt(2)], 300, end)
    test.hand.give(100)
    expect(test.given).toHaveLength(1)
    expect(test.unreadable).toBe(2)
  })

  it('stop where there is no room, and go on with the same frame', () => {
    const test = startHand()
    test.hand.put([config2, dataAt(0), dataAt(1)], 300, end)
    expect(test.hand.give(2)).toBe('more')
    test.answers('no-room')
    expect(test.hand.give(100)).toBe('no-room')
    expect(test.ends).toEqual([])
    test.answers('done')
    expect(test.hand.give(100)).toBe('empty')
    expect(test.given.map(({ frame }) => frame)).toEqual([dataAt(0), dataAt(1)])
  })

  it('are let go when nobody takes them, without an end', () => {
    const test = startHand()
    test.hand.put([config2, dataAt(0)], 200, end)
    test.answers('refused')
    expect(test.hand.give(100)).toBe('refused')
    expect([test.hand.isEmpty, test.hand.bytes, test.ends]).toEqual([true, 0, []])
  })

  it('give the same fragments for the same configuration, also where it is the one in force', () => {
    const epochs = new Epochs()
    epochs.begin([config2])
    expect(epochs.of([new Uint8Array(config2)])).toBe(epochs.inForce)
    expect(epochs.of([smallerConfig2])).not.toBe(epochs.inForce)
    expect(epochs.of([dataAt(0)])).toBeUndefined()
  })
})
