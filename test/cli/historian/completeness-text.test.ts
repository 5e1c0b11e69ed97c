import { expect, it } from 'vitest'
import { completenessText } from '../../../src/cli/historian/completeness-text.ts'

it('completeness for people says what is held, why not all, and lists the gaps', () => {
  const counts = { expected: 100_000, held: 99_999, never_produced: 0, not_received: 0, lost: 1, pending: 0 }
  const [from_us, to_us] = [1_795_910_400_000_000, 1_795_910_402_000_000]
  const text = completenessText({
    stream: 'area/secondary-station/1/PMU/7',
    from_us,
    to_us,
    ...counts,
    reasons: { not_received: {}, lost: { 'crash-window': 1 } },
    parts: [{ from_us, to_us, ...counts }],
    gaps: [
      {
        from_us: from_us + 20_000,
        to_us: from_us + 40_000,
        frames: 1,
        why: 'lost',
        reason: 'x',
        detail: 'crash-window',
      },
    ],
    more_gaps: 2,
  })
  expect(text.split('\n')).toEqual([
    'area/secondary-station/1/PMU/7  2026-11-29T00:00:00.000000Z to 2026-11-29T00:00:02.000000Z',
    '99.999 % held: 99999 of 100000 timestamps',
    'not held: 1 lost (killed before it was written: 1)',
    '',
    'gap from                     length  frames  why',
    '2026-11-29T00:00:00.020000Z     1 s       1  lost: killed before it was written',
    '2 older gaps not listed: ask for less time',
    '',
  ])
})
