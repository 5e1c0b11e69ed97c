import { describe, expect, it } from 'vitest'
import { timeUs } from '../../src/api/times.ts'

const ms = (iso: string): number => Date.parse(iso) * 1000

describe('a time', () => {
  it.each([
    ['2026-11-29', ms('2026-11-29T00:00:00Z')],
    ['2026-11-29T06:00', ms('2026-11-29T06:00:00Z')],
    ['2026-11-29T06:00:01', ms('2026-11-29T06:00:01Z')],
    ['2026-11-29T06:00:01.5Z', ms('2026-11-29T06:00:01.500Z')],
    ['2026-11-29T06:00:01.000001Z', ms('2026-11-29T06:00:01Z') + 1],
    ['2026-11-29T06:00:01.25+02:00', ms('2026-11-29T04:00:01.250Z')],
    ['1795933909520000', 1_795_933_909_520_000],
    ['2026-11-29 06:00', ms('2026-11-29T06:00:00Z')],
    ['0', 0],
  ])('%s is read', (text, us) => {
    expect(timeUs(text, 'from')).toBe(us)
  })

  it.each(['', 'now', '2026-13-01', '29.11.2026', '2026-11-29  06:00', '-5', '2026-11-29T25:00', '9'.repeat(16)])(
    '%s is none',
    (text) => {
      expect(() => timeUs(text, 'from')).toThrow(/from: `.*` is no time/)
    },
  )
})
