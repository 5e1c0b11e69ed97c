import { describe, expect, it } from 'vitest'
import { accountOf } from '../../bench/lab/account.ts'

const page = `# HELP phasorbus_account_expected_total x
phasorbus_account_expected_total{consumer="c",stream="a"} 100
phasorbus_account_expected_total{consumer="c",stream="b"} 50
phasorbus_account_frames_total{consumer="c",stream="a",as="live"} 80
phasorbus_account_frames_total{consumer="c",stream="a",as="late"} 10
phasorbus_account_frames_total{consumer="c",stream="b",as="live"} 50
phasorbus_account_absent{consumer="c",stream="a",as="not-received",reason="adapter-down"} 7
phasorbus_account_absent{consumer="c",stream="a",as="lost",reason="crash-window"} 1
phasorbus_account_pending{consumer="c",stream="a"} 2
phasorbus_account_duplicates_total{consumer="c",stream="a"} 3
phasorbus_link_online{stream="a"} 1
`

describe('a consumer’s accounts, read from its metrics', () => {
  it('are summed over its streams', () => {
    expect(accountOf(page)).toEqual({
      expected: 150,
      live: 130,
      late: 10,
      neverProduced: 0,
      notReceived: 7,
      lost: 1,
      pending: 2,
      duplicates: 3,
      conflicts: 0,
      absent: { 'not-received adapter-down': 7, 'lost crash-window': 1 },
      difference: 0,
    })
  })

  it('show when they do not add up', () => {
    expect(accountOf(page.replace('} 100', '} 101'))).toMatchObject({ difference: 1 })
  })

  it('are none where the consumer keeps none', () => {
    expect(accountOf('phasorbus_link_online{stream="a"} 1\n')).toBeUndefined()
  })
})
