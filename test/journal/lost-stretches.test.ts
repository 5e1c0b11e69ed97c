import { describe, expect, it } from 'vitest'
import type { JournalEvent } from '../../src/journal/journal-event.ts'
import { LostStretches } from '../../src/journal/lost-stretches.ts'
import { StreamTime } from '../../src/journal/stream-time.ts'
import { type Happening, History, HOUR_US } from './support/history.ts'
import { PERIOD_US, slot, temporaryFolder } from './support/kept.ts'

const YEAR_US = 365 * 24 * HOUR_US

/** What is told as lost while these are kept and those are not: `end` of the session, and times of frames. */
function toldOf(script: (time: StreamTime) => void): { fromUs: number; toUs: number; count: number }[] {
  const told: JournalEvent[] = []
  const time = new StreamTime({ utcUs: () => 0, trouble: () => 'ENOSPC', tell: (event) => told.push(event) })
  time.periodUs = PERIOD_US
  script(time)
  return told.flatMap((event) => {
    if (event.event !== 'write-failed') return []
    const { fromUs, toUs, count } = event
    return [{ fromUs, toUs, count }]
  })
}

const keep = (time: StreamTime, from: number, to: number): void => {
  for (let n = from; n < to; n++) time.frame(slot(n))
}
const lose = (time: StreamTime, from: number, to: number): void => {
  for (let n = from; n < to; n++) time.lost(slot(n))
}

describe('frames that nobody took are lost', () => {
  it('between the last that was kept and the next', () => {
    const told = toldOf((time) => {
      keep(time, 0, 10)
      lose(time, 10, 1000)
      keep(time, 1010, 1020)
    })
    expect(told).toEqual([{ fromUs: slot(9) + 1, toUs: slot(1010), count: 990 }])
  })

  it('up to the last of them where the session ended', () => {
    const told = toldOf((time) => {
      keep(time, 0, 10)
      lose(time, 10, 1000)
      time.ended('LINK_SILENT')
      keep(time, 1200, 1210)
    })
    expect(told).toEqual([{ fromUs: slot(9) + 1, toUs: slot(999) + 1, count: 990 }])
  })

  it('of a session of which none was kept: no longer than that', () => {
    const told = toldOf((time) => {
      lose(time, 10, 1000)
      time.ended('LINK_SILENT')
      keep(time, 1200, 1210)
    })
    expect(told).toEqual([{ fromUs: slot(10), toUs: slot(999) + 1, count: 990 }])
  })

  it.each([
    ['the past', -YEAR_US],
    ['the future', YEAR_US],
  ])('alone where they are from %s, first or last or in between', (_, byUs) => {
    const strays = [1, 2, 3].map((n) => slot(0) + byUs * n)
    const told = toldOf((time) => {
      keep(time, 0, 10)
      time.lost(strays[0]!)
      lose(time, 10, 50)
      time.lost(strays[1]!)
      lose(time, 50, 100)
      time.lost(strays[2]!)
      time.ended('LINK_SILENT')
    })
    expect(told.toSorted((a, b) => b.count - a.count)).toEqual([
      { fromUs: slot(9) + 1, toUs: slot(99) + 1, count: 90 },
      ...strays.map((us) => ({ fromUs: us, toUs: us + 1, count: 1 })),
    ])
  })

  it('on either side of a step of the source’s clock, and not in between', () => {
    const told = toldOf((time) => {
      keep(time, 0, 10)
      lose(time, 10, 20)
      for (let n = 0; n < 10; n++) time.lost(slot(n) + YEAR_US)
      for (let n = 10; n < 20; n++) time.frame(slot(n) + YEAR_US)
    })
    expect(told).toEqual([
      { fromUs: slot(9) + 1, toUs: slot(19) + 1, count: 10 },
      { fromUs: slot(0) + YEAR_US, toUs: slot(10) + YEAR_US, count: 10 },
    ])
  })

  it('with a bound on how many stand alone, at the cost of those', () => {
    const lost = new LostStretches()
    for (let n = 0; n < 100; n++) lost.add(slot(n), undefined)
    for (let n = 1; n < 100; n++) lost.add(slot(0) + n * HOUR_US, undefined)
    for (let n = 0; n < 100; n++) lost.add(slot(n) - YEAR_US, undefined)
    const most = lost.take().filter(({ count }) => count === 100)
    expect(most).toMatchObject([
      { fromUs: slot(0), toUs: slot(99) + 1 },
      { fromUs: slot(0) - YEAR_US, toUs: slot(99) - YEAR_US + 1 },
    ])
  })
})

describe('what a journal says', () => {
  const readerAfter = async (...happenings: readonly Happening[]): Promise<History['reader']> => {
    using folder = temporaryFolder()
    const history = new History(folder)
    for (const happening of happenings) await history.happen(happening)
    return history.reader
  }
  const verdictOf = async (reader: History['reader'], n: number): Promise<string | undefined> => {
    const [said] = await reader.absent({ fromUs: slot(n), toUs: slot(n) + 1 })
    return said && `${said.verdict} ${said.reason ?? ''}`.trim()
  }

  it('of what was never produced is not changed by a stale frame that is lost', async () => {
    const reader = await readerAfter(
      { what: 'frames', count: 50 },
      { what: 'silence', count: 10 },
      { what: 'frames', count: 10 },
      { what: 'lost-stray', byUs: -2 * HOUR_US },
      { what: 'frames', count: 10 },
    )
    expect(await verdictOf(reader, 55)).toBe('never-produced')
  })

  it('of the time offline is not changed by a frame from the future that was lost before', async () => {
    const reader = await readerAfter(
      { what: 'frames', count: 50 },
      { what: 'lose', count: 10 },
      { what: 'lost-stray', byUs: 2 * HOUR_US },
      { what: 'end' },
      { what: 'silence', count: 1000 },
    )
    expect(await verdictOf(reader, 59)).toBe('lost write-failed')
    expect(await verdictOf(reader, 61)).toBe('not-received LINK_SILENT')
  })

  it('of a session that it took no frame of is lost, while it goes on and when it is over', async () => {
    const lost: Happening[] = [
      { what: 'frames', count: 10 },
      { what: 'end' },
      { what: 'silence', count: 100 },
      { what: 'lose', count: 1000 },
    ]
    const later: Happening[] = [{ what: 'end' }, { what: 'silence', count: 1000 }]
    for (const more of [[], later, [...later, { what: 'frames', count: 10 } as const]]) {
      const reader = await readerAfter(...lost, ...more)
      expect(await verdictOf(reader, 50)).toBe('not-received LINK_SILENT')
      expect(await verdictOf(reader, 500)).toBe('lost write-failed')
      if (more.length > 0) expect(await verdictOf(reader, 1500)).toBe('not-received LINK_SILENT')
    }
  })
})
