import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Digester } from '../../src/bus/session-digest.ts'
import { OpenDigests, RecentDigests } from '../../src/bus/session-digests.ts'
import { SteadyPace } from '../../src/bus/session-pace.ts'
import { SessionSeam } from '../../src/bus/session-seam.ts'
import { numbered } from '../support/session-record.ts'

const topic = 'area/x'
const IDLE_MS = 2000

describe('the seam of two lanes', () => {
  it('lets every message through once, however the lanes are interleaved, and wherever the live lane ends', () => {
    const plan = fc.record({
      backlog: fc.nat(30),
      shared: fc.nat(60),
      ended: fc.double({ min: 0, max: 1, noNaN: true }),
      // Which lane is next: true, the live one.
      turns: fc.array(fc.boolean(), { minLength: 200, maxLength: 200 }),
    })
    fc.assert(
      fc.property(plan, ({ backlog, shared, ended, turns }) => {
        const seam = new SessionSeam()
        seam.begin(0, false)
        const total = backlog + shared
        const liveEnd = backlog + Math.floor(shared * ended)
        const given: number[] = []
        let [live, session, now] = [backlog, 0, 0]
        for (const isLive of turns) {
          now++
          if (isLive && live < liveEnd) {
            if (seam.live(topic, numbered(live), now)) given.push(live)
            live++
          } else if (session < total) {
            const isNews =
              live < liveEnd
                ? seam.beside(topic, numbered(session), false, now) !== 'known'
                : seam.steady(topic, numbered(session))
            if (isNews) given.push(session)
            session++
          }
        }
        expect(given.toSorted((a, b) => a - b)).toEqual(Array.from({ length: session }, (_, index) => index))
      }),
    )
  })

  it('is reached when the session brings what the live lane has just brought', () => {
    const seam = new SessionSeam()
    seam.begin(0, false)
    seam.live(topic, numbered(2), 1)
    expect(seam.beside(topic, numbered(0), false, 2)).toBe('late')
    expect(seam.beside(topic, numbered(1), false, 3)).toBe('late')
    expect(seam.isReached(4)).toBe(false)
    expect(seam.beside(topic, numbered(2), false, 5)).toBe('known')
    expect(seam.isReached(6)).toBe(true)
  })

  it('is reached too when the session brings it first', () => {
    const seam = new SessionSeam()
    seam.begin(0, false)
    expect(seam.beside(topic, numbered(5), false, 1)).toBe('late')
    expect(seam.isReached(2)).toBe(false)
    expect(seam.live(topic, numbered(5), 3)).toBe(false)
    expect(seam.isReached(4)).toBe(true)
  })

  it('is not reached while the live lane is ahead by more than what is on the way', () => {
    const seam = new SessionSeam()
    seam.begin(0, false)
    for (let value = 0; value < 10; value++) seam.live(topic, numbered(value), value * 20)
    seam.beside(topic, numbered(0), false, 200)
    expect(seam.isReached(201)).toBe(false)
    for (let value = 1; value < 9; value++) seam.beside(topic, numbered(value), false, 202)
    expect(seam.isReached(203)).toBe(true)
  })

  it('is reached when nothing comes over either for a while', () => {
    const seam = new SessionSeam()
    seam.begin(0, false)
    expect(seam.isReached(IDLE_MS - 1)).toBe(false)
    expect(seam.isReached(IDLE_MS)).toBe(true)
  })

  it('is reached at once when the session is a fresh one: all it brings is live', () => {
    const seam = new SessionSeam()
    seam.begin(0, true)
    expect(seam.isReached(1)).toBe(true)
    expect(seam.beside(topic, numbered(1), false, 2)).toBe('live')
    expect(seam.live(topic, numbered(1), 3)).toBe(false)
    expect(seam.isReached(4)).toBe(true)
  })

  it('takes for live what a session that is level brings first, unless the broker sends it again', () => {
    const seam = new SessionSeam()
    seam.begin(0, false)
    seam.live(topic, numbered(1), 1)
    expect(seam.beside(topic, numbered(0), false, 2)).toBe('late')
    expect(seam.beside(topic, numbered(1), false, 3)).toBe('known')
    expect(seam.beside(topic, numbered(2), false, 4)).toBe('live')
    expect(seam.beside(topic, numbered(9), true, 5)).toBe('late')
  })

  it('does not wait for what the broker kept from the session', () => {
    const seam = new SessionSeam()
    seam.begin(0, false)
    seam.live(topic, numbered(0), 1)
    for (let value = 1; value < 50; value++) seam.live(topic, numbered(value), 2000 + value)
    // 0 never comes.
    for (let value = 1; value < 50; value++) seam.beside(topic, numbered(value), false, 2100 + value)
    expect(seam.isReached(2200)).toBe(true)

    seam.live(topic, numbered(60), 3000)
    expect(seam.isReached(4000)).toBe(false)
    expect(seam.isReached(9000)).toBe(true)
  })

  it('knows what the broker sends again, in this connection or the next', () => {
    const seam = new SessionSeam()
    expect(seam.steady(topic, numbered(1))).toBe(true)
    expect(seam.beside(topic, numbered(1), true, 1)).toBe('known')
    seam.begin(2, false)
    expect(seam.beside(topic, numbered(1), true, 3)).toBe('known')
    expect(seam.beside(topic, numbered(2), true, 4)).toBe('late')
    expect(seam.beside(topic, numbered(2), true, 5)).toBe('known')
  })

  it('remembers no more of the live lane than its bound, and counts the rest', () => {
    const seam = new SessionSeam(100)
    seam.begin(0, false)
    for (let value = 0; value < 150; value++) seam.live(topic, numbered(value), value)
    expect(seam.evicted).toBe(50)
    expect(seam.beside(topic, numbered(10), false, 200)).toBe('late')
    expect(seam.beside(topic, numbered(60), false, 201)).toBe('known')
  })
})

describe('digests', () => {
  it('tell topics and every byte apart', () => {
    const digester = new Digester()
    const digests = new Set<number>()
    for (let value = 0; value < 20_000; value++) {
      digests.add(digester.of('a/b', numbered(value)))
      digests.add(digester.of('a/c', numbered(value)))
    }
    expect(digests.size).toBe(40_000)
    for (const digest of digests) if (!Number.isSafeInteger(digest) || digest < 0) expect.fail(`${digest}`)
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 200 }),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (bytes, at, flip) => {
          const other = bytes.slice()
          other[at % bytes.length]! ^= flip
          expect(digester.of('t', other)).not.toBe(digester.of('t', bytes))
        },
      ),
    )
  })

  it('stay bounded, and oldest first', () => {
    const open = new OpenDigests(3)
    for (const digest of [1, 2, 3, 4]) open.add(digest, digest * 10)
    expect([open.take(1), open.take(2), open.size, open.evicted]).toEqual([undefined, 20, 2, 1])
    open.forgetBefore(40)
    expect([open.take(3), open.take(4)]).toEqual([undefined, 40])

    const recent = new RecentDigests()
    for (let digest = 1; digest <= 40_000; digest++) recent.add(digest)
    expect([recent.has(1), recent.has(40_000)]).toEqual([false, true])
    recent.add(50_000)
    expect(recent.has(50_000)).toBe(true)
    for (let digest = 100_000; digest < 140_000; digest++) recent.add(digest)
    expect([recent.has(50_000), recent.has(139_999)]).toEqual([false, true])
  })
})

describe('a steady pace', () => {
  it('gives 5 messages a millisecond, and saves up 20', () => {
    let now = 0
    const pace = new SteadyPace(() => now)
    expect(pace.take(100)).toBe(20)
    expect(pace.take(100)).toBe(0)
    now = 2
    expect([pace.take(3), pace.take(100), pace.take(1)]).toEqual([3, 7, 0])
    now = 1000
    expect(pace.take(100)).toBe(20)
  })
})
