import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { stationsOf } from '../../dashboard/src/parts/station.ts'
import { MAX_PLAYED, type PlaybackDeps, PlaybackScene } from '../../dashboard/src/playback/playback-scene.ts'
import { until } from '../support/until.ts'
import { framesOf, gap, RATE, sampleOf, startUs, timeUs, topics } from './filled-historian.ts'

const [topic] = topics
const FRAMES = 15_000
const sources = [framesOf(0), framesOf(1)] as const

interface Request {
  readonly topic: string
  readonly fromUs: number
  readonly toUs: number
}

/** A scene of two PMUs, whose clock and network are the test's. */
class Player {
  readonly scene: PlaybackScene
  readonly requests: Request[] = []
  open = 0
  mostOpen = 0
  nowMs = 0
  eachLookMs = 0
  /** From this frame on the first PMU has the configuration, and the values, of the second. */
  changedFrom = Number.POSITIVE_INFINITY
  isTicking = true
  /** Awaited by each request. */
  network: () => Promise<void> = async () => {}
  has: (pmu: number, n: number) => boolean = (pmu, n) => pmu === 0 || n < gap[0] || n >= gap[1]

  constructor({ from = 3000, to = 12_000, all = topics as readonly string[], mostBytes = 2 ** 26, begin = 3000 } = {}) {
    const deps: PlaybackDeps = {
      mostBytes,
      nowMs: () => {
        this.nowMs += this.eachLookMs
        return this.nowMs
      },
      everyTick: () => () => {
        this.isTicking = false
      },
      frames: (topic, fromUs, toUs, signal) => this.#frames({ topic, fromUs, toUs }, signal),
    }
    this.scene = new PlaybackScene({ fromUs: timeUs(from), toUs: timeUs(to) }, all, deps, timeUs(begin))
  }

  async #frames(request: Request, signal: AbortSignal): Promise<AsyncIterable<Uint8Array> | undefined> {
    this.requests.push(request)
    this.mostOpen = Math.max(this.mostOpen, ++this.open)
    try {
      await this.network()
      signal.throwIfAborted()
      const pmu = topics.indexOf(request.topic as typeof topic)
      return pmu < 0 ? undefined : this.#pieces(pmu, request)
    } finally {
      this.open--
    }
  }

  async *#pieces(pmu: number, { fromUs, toUs }: Request): AsyncGenerator<Uint8Array> {
    let told: unknown
    const first = Math.max(0, Math.ceil(((fromUs - startUs) * RATE) / 1e6))
    for (let n = first; n < FRAMES && timeUs(n) < toUs; n++) {
      if (!this.has(pmu, n)) continue
      const source = n < this.changedFrom ? sources[pmu]! : sources[1]
      if (source !== told) yield* source.configuration
      told = source
      yield source.frame(n)
    }
  }

  /** As a page that is seen does, `ms` later. */
  tick(ms = 33): void {
    this.nowMs += ms
    this.scene.advance()
  }

  /** Until it waits for nothing; the clock stands. */
  settled(): Promise<void> {
    return until(() => {
      this.tick(0)
      return !this.scene.isWaiting
    })
  }

  get n(): number {
    return ((this.scene.nowS * 1e6 - startUs) * RATE) / 1e6
  }

  /** What is shown of a PMU is what it sent at the playhead, and in the half minute before. */
  expectShown(pmu = 0): void {
    const stream = this.scene.find(topics[pmu]!)!
    let newest = Math.floor(this.n + 2e-5)
    while (!this.has(pmu, newest)) newest--
    const { freq, voltage } = sampleOf(pmu, newest)
    expect([stream.buffer?.value('1.freq'), stream.buffer?.value('1.VA.magnitude')]).toEqual([freq, voltage])
    expect(stream.buffer?.timeS).toBe(timeUs(newest) / 1e6)
    const { times } = stream.buffer!.series(['1.freq'], this.scene.nowS - 30)
    expect(times[0]! - (this.scene.nowS - 30)).toBeLessThan(1 / RATE + 1e-6)
  }
}

describe('what is played back', () => {
  it('is at first the begin of the period, with the half minute before it', async () => {
    const player = new Player()
    expect(player.scene.isWaiting).toBe(true)
    const stationsNow = () => stationsOf(player.scene, []).stations.map(({ absenceInWords }) => absenceInWords)
    expect(stationsNow()).toEqual(['□ not known', '□ not known'])
    await player.settled()
    expect(stationsNow()).toEqual(['', ''])
    expect(player.n).toBe(3000)
    player.expectShown(0)
    player.expectShown(1)
    expect(player.scene.streams.map(({ isOnline }) => isOnline)).toEqual([true, true])
  })

  it('begins with the first frame where nothing is held at first, also of what is held far later', async () => {
    for (const { has, first, begin } of [
      { has: (pmu: number, n: number) => n >= (pmu === 0 ? 5001 : 4500), first: 4500, begin: 3000 },
      { has: (_: number, n: number) => n >= 11_000, first: 11_000, begin: 10_900 },
    ]) {
      const player = new Player({ begin })
      player.has = has
      player.scene.isPlaying = false
      await until(() => {
        player.tick(0)
        return !player.scene.isWaiting && player.n > begin
      })
      expect(player.n).toBe(first)
      expect(player.scene.find(topics[1])!.buffer?.value('1.freq')).toBe(sampleOf(1, first).freq)
      player.scene.seek(timeUs(3000))
      await player.settled()
      expect(player.n).toBe(3000)
      player.scene.close()
    }
  })

  it.each([0.1, 1, 10, 60])('moves on at %s times the speed of then', async (speed) => {
    const player = new Player()
    player.scene.speed = speed
    await player.settled()
    for (let ticks = 0; ticks < 10; ticks++) {
      player.tick(100)
      await player.settled()
    }
    expect(player.n).toBeCloseTo(3000 + speed * RATE, 3)
    player.expectShown()
  })

  it('stands while it is paused, and waits where frames do not come', async () => {
    const player = new Player()
    await player.settled()
    player.scene.toggle()
    player.tick(100)
    expect(player.n).toBe(3000)
    player.scene.toggle()
    player.network = () => new Promise(() => {})
    player.scene.speed = 60
    for (let ticks = 0; ticks < 30; ticks++) player.tick(100)
    const waits = player.n
    expect(player.scene.isWaiting).toBe(true)
    player.tick(100)
    expect(player.n).toBe(waits)
    player.expectShown()
  })

  it('goes on where it was when the page is seen again', async () => {
    const player = new Player()
    await player.settled()
    player.tick(3_600_000)
    expect(player.n).toBeLessThanOrEqual(3000 + RATE)
  })

  it('is asked for in chunks, a little ahead, two at once', async () => {
    const player = new Player({ to: 14_000 })
    await player.settled()
    await until(() => player.open === 0 && player.scene.streams.every(({ toUs }) => toUs >= timeUs(3000) + 80e6))
    const ahead = Math.max(...player.requests.map(({ toUs }) => toUs)) - timeUs(3000)
    expect(ahead).toBeLessThanOrEqual(120e6)
    expect(player.mostOpen).toBe(2)
    for (const { fromUs, toUs } of player.requests) expect(toUs - fromUs).toBeLessThanOrEqual(40e6)
  })

  it('holds no more than it may, and plays on all the same', async () => {
    const mostBytes = 40_000
    const player = new Player({ mostBytes })
    player.scene.speed = 30
    await player.settled()
    await until(() => {
      player.tick(200)
      expect(player.scene.heldBytes).toBeLessThan(mostBytes + 2 * 100)
      return player.n > 6000
    })
    player.expectShown()
  })

  it('steps from frame to frame, forward and back', async () => {
    const player = new Player()
    await player.settled()
    const seen: number[] = []
    for (const step of [1, 1, 1, -1, -1, 1] as const) {
      player.scene.step(step)
      player.tick()
      await player.settled()
      seen.push(Math.round(player.n * 1e3) / 1e3)
      player.expectShown()
    }
    expect(seen).toEqual([3001, 3002, 3003, 3002, 3001, 3002])
    expect(player.scene.isPlaying).toBe(false)
  })

  it('steps over hours without a frame, and over the begin of what is held', async () => {
    const player = new Player()
    player.has = (_, n) => n < 4000 || n >= 9000
    await player.settled()
    player.scene.seek(timeUs(3999))
    await player.settled()
    player.scene.step(1)
    await until(() => {
      player.tick(0)
      return player.n >= 9000
    })
    expect(player.n).toBe(9000)
    expect(player.scene.find(topic)!.buffer!.value('1.freq')).toBe(sampleOf(0, 9000).freq)
    player.scene.step(-1)
    await player.settled()
    expect(player.n).toBeLessThan(9000)
  })

  it('shows who was offline', async () => {
    const player = new Player()
    await player.settled()
    player.scene.seek(timeUs(gap[0] + 2 * RATE))
    await player.settled()
    expect(player.scene.streams.map(({ isOnline }) => isOnline)).toEqual([true, false])
    player.scene.seek(timeUs(gap[1] + 1))
    await player.settled()
    expect(player.scene.streams.map(({ isOnline }) => isOnline)).toEqual([true, true])
  })

  it('stops at the end with its last frame, or begins again', async () => {
    const player = new Player({ from: 3000, to: 3050 })
    await player.settled()
    for (let ticks = 0; ticks < 8; ticks++) player.tick(200)
    expect([player.n, player.scene.isPlaying]).toEqual([3050, false])
    player.expectShown()
    player.scene.toggle()
    expect([player.n, player.scene.isPlaying]).toEqual([3000, true])
    player.scene.isLooping = true
    await player.settled()
    for (let ticks = 0; ticks < 8; ticks++) player.tick(200)
    expect(player.scene.isPlaying).toBe(true)
    expect(player.n).toBeLessThan(3050)
  })

  it('reads each frame by the configuration of its time', async () => {
    const player = new Player({ all: [topic] })
    player.changedFrom = 5000
    player.scene.seek(timeUs(4990))
    await player.settled()
    const before = player.scene.find(topic)!.buffer!
    expect(before.configuration.pmus[0]!.stn).toBe('Station A')
    player.scene.speed = 10
    await until(() => {
      player.tick(20)
      return player.n > 5001
    })
    const after = player.scene.find(topic)!.buffer!
    expect(after.configuration.pmus[0]!.stn).toBe('Station B')
    expect(after.timeS).toBeGreaterThanOrEqual(timeUs(5000) / 1e6)
    player.scene.seek(timeUs(4990))
    await player.settled()
    expect(player.scene.find(topic)!.buffer!.configuration.pmus[0]!.stn).toBe('Station A')
    player.expectShown()
  })

  it('is read a little at a time, so that the page follows', async () => {
    const player = new Player()
    // Every look at the clock takes a tenth of a millisecond: 80 frames of one tick.
    player.eachLookMs = 0.1
    const slowest: number[] = []
    await until(() => {
      const beforeMs = player.nowMs
      player.tick(0)
      slowest.push(player.nowMs - beforeMs)
      return !player.scene.isWaiting
    })
    expect(Math.max(...slowest)).toBeLessThan(9)
    expect(slowest.length).toBeGreaterThan(30)
    player.expectShown()
  })

  it('says what failed, and asks again', async () => {
    const player = new Player()
    player.network = async () => {
      throw new Error('no way to the historian')
    }
    await until(() => player.scene.trouble !== undefined)
    expect(player.scene.trouble).toBe('no way to the historian')
    const asked = player.requests.length
    player.tick(500)
    expect(player.requests.length).toBe(asked)
    player.network = async () => {}
    player.tick(600)
    await until(() => player.scene.trouble === undefined)
    await player.settled()
    player.expectShown()
  })

  it('does not wait for a stream of which nothing is stored', async () => {
    const player = new Player({ all: [...topics, 'area/x/1/PMU/9'] })
    await player.settled()
    player.expectShown()
    expect(player.scene.find('area/x/1/PMU/9')).toMatchObject({ isOnline: false, buffer: undefined })
  })

  it('has streams that are no PMUs as long as they are followed', async () => {
    const pdc = 'area/x/1/PDC/9'
    const player = new Player({ all: [...topics, pdc] })
    await player.settled()
    const asked = (): number => player.requests.filter((request) => request.topic === pdc).length
    expect(asked()).toBe(0)
    const end = player.scene.follow(pdc)
    await until(() => asked() > 0)
    end()
    await player.settled()
    player.expectShown()
  })

  describe('of more PMUs than are played at once', () => {
    const others = Array.from({ length: MAX_PLAYED }, (_, n) => `area/a/${n}/PMU/1`)
    const isPlayed = (player: Player, topic: string): boolean => !player.scene.find(topic)!.isLeftOut

    it('is what comes first, and the others are left out', async () => {
      const player = new Player({ all: [...topics, ...others] })
      await player.settled()
      player.expectShown(0)
      player.expectShown(1)
      expect(player.scene.pmus).toEqual({ played: MAX_PLAYED, all: MAX_PLAYED + 2 })
      expect(player.scene.streams.filter(({ isLeftOut }) => isLeftOut).map(({ topic }) => topic)).toEqual(
        others.slice(-2).sort(),
      )
    })

    it('is whichever is followed, and what was followed least recently gives way', async () => {
      const player = new Player({ all: [...others, ...topics] })
      await player.settled()
      expect(topics.map((topic) => isPlayed(player, topic))).toEqual([false, false])
      const ends = [others.at(-1)!, topics[0]].map((topic) => player.scene.follow(topic))
      await player.settled()
      player.expectShown(0)
      expect(isPlayed(player, others.at(-2)!)).toBe(false)
      for (const end of ends) end()
      player.scene.follow(topics[1])
      await player.settled()
      player.expectShown(0)
      player.expectShown(1)
      expect(isPlayed(player, others.at(-3)!)).toBe(false)
      expect(isPlayed(player, others.at(-1)!)).toBe(true)
      expect(player.scene.pmus.played).toBe(MAX_PLAYED)
    })

    it('is nothing more where all that are played are followed', async () => {
      const player = new Player({ all: [...others, ...topics] })
      const ends = others.map((topic) => player.scene.follow(topic))
      player.scene.follow(topics[0])()
      expect(isPlayed(player, topics[0])).toBe(false)
      ends[7]!()
      player.scene.follow(topics[0])
      await player.settled()
      player.expectShown(0)
      expect(isPlayed(player, others[7]!)).toBe(false)
    })
  })

  it('asks for nothing once it is closed', async () => {
    const player = new Player()
    player.scene.close()
    const asked = player.requests.length
    player.scene.advance()
    await until(() => player.open === 0)
    expect([player.isTicking, player.requests.length, player.scene.heldBytes]).toEqual([false, asked, 0])
  })

  it('shows what was sent, wherever it is moved', { timeout: 60_000 }, async () => {
    const move = fc.oneof(
      fc.record({ kind: fc.constant('seek' as const), n: fc.integer({ min: 2000, max: 13_000 }) }),
      fc.record({ kind: fc.constant('tick' as const), ms: fc.integer({ min: 0, max: 300 }) }),
      fc.record({ kind: fc.constant('step' as const), by: fc.constantFrom(1 as const, -1 as const) }),
      fc.record({ kind: fc.constant('speed' as const), speed: fc.constantFrom(0.1, 1, 10, 60) }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(move, fc.boolean()), { maxLength: 8 }), async (moves) => {
        const player = new Player()
        for (const [each, isSettled] of moves) {
          if (each.kind === 'seek') player.scene.seek(timeUs(each.n))
          if (each.kind === 'tick') player.tick(each.ms)
          if (each.kind === 'step') player.scene.step(each.by)
          if (each.kind === 'speed') player.scene.speed = each.speed
          if (isSettled) await player.settled()
        }
        await player.settled()
        expect(player.n).toBeGreaterThanOrEqual(3000)
        expect(player.n).toBeLessThanOrEqual(12_000)
        player.expectShown(0)
        player.scene.close()
      }),
      { numRuns: 25 },
    )
  })
})
