import { describe, expect, it } from 'vitest'
import { AccountEvents } from '../../dashboard/src/health/account-events.ts'
import { ConsumerWatch } from '../../dashboard/src/health/consumer-watch.ts'
import { describeEvent, EventLog, MAX_ENTRIES } from '../../dashboard/src/health/event-log.ts'
import type { AccountJson } from '../../src/streams/index.ts'

const zero: AccountJson = {
  expected: 0,
  live: 0,
  late: 0,
  never_produced: 0,
  not_received: {},
  lost: {},
  pending: 0,
  outside: {},
  duplicates: 0,
  conflicts: 0,
}
const account = (fields: Partial<AccountJson>): AccountJson => ({ ...zero, expected: 10_000, ...fields })

/** What the log says of these accounts, one a second; the oldest first. */
function told(...accounts: readonly AccountJson[]): string[] {
  const [events, log] = [new AccountEvents(), new EventLog()]
  accounts.forEach((each, atS) => {
    log.add('s', events.next(each, atS))
  })
  return log.entries.map(({ event }) => describeEvent(event).text).reverse()
}

describe('the log of a stream', () => {
  it('says nothing while all is live, or a duplicate', () => {
    expect(told(account({ live: 100 }), account({ live: 150, duplicates: 50 }))).toEqual([])
  })

  it('says that a gap opened, heals and has healed, and brings each up to date', () => {
    expect(
      told(
        account({ live: 100 }),
        account({ live: 100, pending: 50 }),
        account({ live: 100, pending: 250 }),
        account({ live: 150, pending: 200, late: 50 }),
        account({ live: 200, pending: 120, late: 130 }),
        account({ live: 200, late: 250 }),
      ),
    ).toEqual(['gap opened: 250 pending', 'healing: 120 left of 250', 'healed 250 late in 4 s'])
  })

  it('says what will not come, and why', () => {
    expect(
      told(
        account({ pending: 10 }),
        account({ late: 4, lost: { 'crash-window': 3 }, not_received: { LINK_SILENT: 2 }, never_produced: 1 }),
      ),
    ).toEqual([
      'gap opened: 10 pending',
      'lost 3: killed before it was written',
      'not received 2: the PMU sent nothing',
      'never produced 1',
      'healed 4 late at once, 6 frames will not come',
    ])
  })

  it('sees what opened and closed between two looks', () => {
    expect(told(account({}), account({ late: 7 }))).toEqual(['healed 7 late at once'])
  })

  it('tells of a gap that was there before, one that grows again, and one that nothing healed', () => {
    expect(
      told(
        account({ pending: 30 }),
        account({ pending: 20, late: 10 }),
        account({ pending: 60, late: 10 }),
        account({ late: 10, lost: { expired: 60 } }),
      ),
    ).toEqual([
      'gap opened: 30 pending',
      'healing: 20 left of 30',
      'gap grows: 60 pending',
      'lost 60: older than the journal keeps',
      'healed 10 late in 3 s, 60 frames will not come',
    ])
    expect(told(account({ pending: 1 }), account({ lost: { expired: 1 } })).at(-1)).toBe(
      'gap closed at once, 1 frame will not come',
    )
  })

  it('begins anew with an account that does', () => {
    expect(told(account({ late: 90 }), account({ expected: 5, pending: 5 }))).toEqual([
      'the account begins anew',
      'gap opened: 5 pending',
    ])
  })

  it('counts together what goes on', () => {
    const stale = (count: number): AccountJson => account({ outside: { stale: count }, conflicts: count })
    expect(told(stale(0), stale(50), stale(100), stale(150))).toEqual([
      'outside 150: too old when it came',
      'conflicts 150',
    ])
  })

  it('has two entries of two gaps', () => {
    const gap = [account({ pending: 5 }), account({ late: 5 })]
    expect(told(...gap, account({ late: 5, pending: 6 }), account({ late: 11 }))).toHaveLength(4)
  })
})

describe('the log of a consumer', () => {
  it('is bounded, and a stream that flaps drives out no other', () => {
    const watch = new ConsumerWatch()
    for (let atS = 0; atS < 2000; atS++) {
      const isOff = atS % 2 === 1
      watch.look(
        {
          flapping: account({ expected: atS, pending: isOff ? 1 : 0, late: Math.floor(atS / 2) }),
          steady: account({ expected: atS, lost: atS === 0 ? {} : { 'crash-window': 3 } }),
        },
        atS,
      )
    }
    expect(watch.log.entries).toHaveLength(MAX_ENTRIES)
    expect(watch.log.entries.filter(({ stream }) => stream === 'steady')).toHaveLength(1)
  })

  it('remembers ten minutes of what was pending, and forgets a stream that is not told of', () => {
    const watch = new ConsumerWatch()
    watch.look({ gone: account({}), s: account({}) }, 0)
    for (let atS = 1; atS <= 3600; atS++) watch.look({ s: account({ expected: atS, pending: atS }) }, atS)
    expect(watch.topics).toEqual(['s'])
    expect(watch.history.of('gone')).toEqual([])
    const points = watch.history.of('s')
    expect([points.length, points[0], points.at(-1)]).toEqual([600, [3001, 3001], [3600, 3600]])
  })
})
