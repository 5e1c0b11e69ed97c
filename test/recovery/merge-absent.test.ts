import { describe, expect, it } from 'vitest'
import { mergeAbsent } from '../../src/recovery/merge-absent.ts'
import type { AbsentRange, AbsentVerdict } from '../../src/streams/index.ts'

const range = (fromUs: number, toUs: number, verdict: AbsentVerdict, reason?: string): AbsentRange => ({
  fromUs,
  toUs,
  verdict,
  ...(reason === undefined ? {} : { reason }),
})

/** What is believed of one instant: the first that covers it. */
const at = (us: number, ranges: readonly AbsentRange[]): string | undefined =>
  ranges.find(({ fromUs, toUs }) => fromUs <= us && us < toUs)?.verdict

describe('what several journals say of a time without frames', () => {
  it('is believed in order of weight: never produced, lost, not received, expired', () => {
    const merged = mergeAbsent(
      [
        [range(0, 10, 'not-received', 'silent'), range(10, 40, 'expired')],
        [range(0, 5, 'never-produced'), range(5, 20, 'lost', 'damaged'), range(20, 40, 'expired')],
        [range(0, 30, 'not-received', 'adapter-down')],
      ],
      0,
      40,
    )
    expect([2, 7, 15, 25, 35].map((us) => at(us, merged))).toEqual([
      'never-produced',
      'lost',
      'lost',
      'not-received',
      'expired',
    ])
  })

  it('is nothing beyond what all of them know', () => {
    const merged = mergeAbsent([[range(0, 100, 'never-produced')], [range(-5, 50, 'expired')]], 10, 40)
    expect(merged).toEqual([range(10, 40, 'never-produced'), range(10, 40, 'expired')])
  })

  it('keeps the order of journals where they say the same', () => {
    const merged = mergeAbsent([[range(0, 9, 'lost', 'damaged')], [range(0, 9, 'lost', 'crash-window')]], 0, 9)
    expect(merged.map(({ reason }) => reason)).toEqual(['damaged', 'crash-window'])
  })
})
