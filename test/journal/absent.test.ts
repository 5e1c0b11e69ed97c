import { readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { config2 } from '../support/blue-pmu.ts'
import { until } from '../support/until.ts'
import {
  type Answer,
  type Folder,
  frameAt,
  keep,
  type OpenOptions,
  PERIOD_US,
  readAll,
  STREAM,
  slot,
  T0,
  temporaryFolder,
  verdictAt,
} from './support/kept.ts'
import { copyTree } from './support/recorded-files.ts'
import { troubledFiles } from './support/troubled-files.ts'

const SECOND_US = 1_000_000
const YEAR_US = 365 * 86_400 * SECOND_US

/** A journal whose node's clock reads what the test says. */
async function keepAt(folder: Folder, clock: { us: number }, options: OpenOptions = {}) {
  const kept = await keep(folder.path, { utcUs: () => clock.us, ...options })
  const writer = kept.journal.stream(STREAM)
  writer.configuration([config2])
  const frames = (from: number, to: number): void => {
    for (let n = from; n < to; n++) writer.data(frameAt(slot(n)))
    clock.us = Math.max(clock.us, slot(to - 1) + 5_000)
  }
  const read = (range: { fromUs?: number; toUs?: number } = {}): Promise<Answer> =>
    readAll(kept.journal.reader(STREAM)!, range)
  return { ...kept, writer, frames, read, [Symbol.asyncDispose]: () => kept[Symbol.asyncDispose]() }
}

/** What a process that is killed now leaves, opened by the next. */
async function afterKill(folder: Folder, clock: { us: number }, options: OpenOptions = {}) {
  const left = temporaryFolder()
  copyTree(folder.path, left.path)
  return await keepAt(left, clock, options)
}

/** The same; its lock says when it was taken and when its process was alive last. */
async function afterKillAt(folder: Folder, clock: { us: number }, takenUs: number, aliveUs: number) {
  const left = temporaryFolder()
  copyTree(folder.path, left.path)
  const lock = join(left.path, 'journal-1.lock')
  const held = JSON.parse(readFileSync(join(folder.path, 'journal-1.lock'), 'utf8'))
  writeFileSync(lock, JSON.stringify({ ...held, pid: 2 ** 22 + 1, said: { ...held.said, takenUs } }))
  utimesSync(lock, aliveUs / 1e6, aliveUs / 1e6)
  return await keepAt(left, clock)
}

/** Until the log has all of it: then a kill costs nothing. */
const written = async (kept: { readonly deps: { readonly metrics: { expose(): Promise<string> } } }, frames: number) =>
  until(async () => {
    const [, bytes = 0] = /written_bytes_total (\d+)/.exec(await kept.deps.metrics.expose()) ?? []
    return Number(bytes) >= frames * 58
  })

describe('of a time for which it has no frame, a journal says', () => {
  it('never produced, where the same session shows later frames', async () => {
    using folder = temporaryFolder()
    const clock = { us: T0 }
    await using kept = await keepAt(folder, clock)
    kept.frames(0, 10)
    kept.frames(13, 20)
    const answer = await kept.read()
    expect([9, 10, 12, 13].map((n) => verdictAt(answer, slot(n)))).toEqual([
      'frame',
      'never-produced',
      'never-produced',
      'frame',
    ])
  })

  it('nothing yet, beyond the last frame of a session that runs', async () => {
    using folder = temporaryFolder()
    const clock = { us: T0 }
    await using kept = await keepAt(folder, clock)
    kept.frames(0, 10)
    const answer = await kept.read({ fromUs: slot(5), toUs: slot(100) })
    expect(answer.throughUs).toBe(slot(9) + PERIOD_US / 2)
    expect(verdictAt(answer, slot(10))).toBeUndefined()
    const later = await kept.read({ fromUs: slot(10), toUs: slot(100) })
    expect(later).toMatchObject({ throughUs: slot(10), absent: [], data: [] })
  })

  it('not received, before its first frame ever', async () => {
    using folder = temporaryFolder()
    const clock = { us: T0 }
    await using kept = await keepAt(folder, clock)
    kept.frames(0, 10)
    expect(verdictAt(await kept.read(), slot(-1))).toBe('not-received before-journal')
  })

  it('not received, from the last frame of a session to the first of the next, and why, by its own clock', async () => {
    using folder = temporaryFolder()
    const clock = { us: T0 }
    await using kept = await keepAt(folder, clock)
    kept.frames(0, 10)
    clock.us = slot(110)
    kept.writer.sessionEnded('LINK_SILENT')
    clock.us = slot(210)
    kept.writer.sessionEnded('LINK_CONNECT_FAILED')
    clock.us = slot(260)
    kept.writer.sessionEnded('LINK_CONNECT_FAILED')
    clock.us = slot(300)
    kept.frames(300, 310)
    const answer = await kept.read()
    expect([10, 209, 210, 299].map((n) => verdictAt(answer, slot(n)))).toEqual([
      'not-received LINK_SILENT',
      'not-received LINK_SILENT',
      'not-received LINK_CONNECT_FAILED',
      'not-received LINK_CONNECT_FAILED',
    ])
  })

  it('not received of an offline stream, up to five seconds ago: a frame may be under way', async () => {
    using folder = temporaryFolder()
    const clock = { us: T0 }
    await using kept = await keepAt(folder, clock)
    kept.frames(0, 10)
    kept.writer.sessionEnded('LINK_SILENT')
    clock.us = slot(1000)
    const answer = await kept.read({ toUs: slot(2000) })
    expect(answer.throughUs).toBe(slot(1000) - 5 * SECOND_US)
    expect(verdictAt(answer, answer.throughUs - 1)).toBe('not-received LINK_SILENT')
  })

  it('not received, where something came between two frames that could not be used', async () => {
    using folder = temporaryFolder()
    const clock = { us: T0 }
    await using kept = await keepAt(folder, clock)
    kept.frames(0, 10)
    kept.writer.unusable('bad-checksum')
    kept.frames(11, 20)
    kept.frames(21, 30)
    const answer = await kept.read()
    expect(verdictAt(answer, slot(10))).toBe('not-received bad-checksum')
    expect(verdictAt(answer, slot(20))).toBe('never-produced')
  })

  it('not received, while no process kept the journal', async () => {
    using folder = temporaryFolder()
    const clock = { us: T0 }
    {
      await using kept = await keepAt(folder, clock)
      kept.frames(0, 10)
    }
    clock.us = slot(1000)
    await using kept = await keepAt(folder, clock)
    const before = await kept.read({ toUs: slot(5000) })
    expect(verdictAt(before, slot(10))).toBe('not-received adapter-down')
    kept.frames(1000, 1010)
    const answer = await kept.read()
    expect([10, 999].map((n) => verdictAt(answer, slot(n)))).toEqual([
      'not-received adapter-down',
      'not-received adapter-down',
    ])
    expect(answer.data).toHaveLength(20)
  })

  it('lost, for the frames that may have been in memory when the process was killed; then not received', async () => {
    using folder = temporaryFolder()
    const clock = { us: T0 }
    await using kept = await keepAt(folder, clock, { settings: { writeDelayMs: 50 } })
    kept.frames(0, 10)
    await written(kept, 10)
    await using next = await afterKill(folder, clock, { settings: { writeDelayMs: 50 } })
    next.frames(100, 110)
    const answer = await next.read()
    // 50 ms of 20 ms each: three slots at most.
    expect([9, 10, 11, 12, 13, 99].map((n) => verdictAt(answer, slot(n)))).toEqual([
      'frame',
      'lost crash-window',
      'lost crash-window',
      'lost crash-window',
      'not-received adapter-down',
      'not-received adapter-down',
    ])
  })

  it('no such loss where each frame is written before it is used', async () => {
    using folder = temporaryFolder()
    const clock = { us: T0 }
    await using kept = await keepAt(folder, clock, { settings: { writeDelayMs: 0 } })
    kept.frames(0, 10)
    await using next = await afterKill(folder, clock, { settings: { writeDelayMs: 0 } })
    next.frames(100, 110)
    const answer = await next.read()
    expect([9, 10].map((n) => verdictAt(answer, slot(n)))).toEqual(['frame', 'not-received adapter-down'])
  })

  it('no such loss where the stream was offline when the process was killed', async () => {
    using folder = temporaryFolder()
    const clock = { us: T0 }
    await using kept = await keepAt(folder, clock)
    kept.frames(0, 10)
    kept.writer.sessionEnded('LINK_SILENT')
    await written(kept, 12)
    clock.us = slot(50)
    await using next = await afterKill(folder, clock)
    next.frames(100, 110)
    const answer = await next.read()
    expect([10, 49, 50, 99].map((n) => verdictAt(answer, slot(n)))).toEqual([
      'not-received LINK_SILENT',
      'not-received LINK_SILENT',
      'not-received adapter-down',
      'not-received adapter-down',
    ])
  })

  it('the same after two kills as after one', async () => {
    using folder = temporaryFolder()
    const clock = { us: T0 }
    await using kept = await keepAt(folder, clock, { settings: { writeDelayMs: 0 } })
    kept.frames(0, 10)
    using second = temporaryFolder()
    copyTree(folder.path, second.path)
    await using again = await keepAt(second, clock, { settings: { writeDelayMs: 0 } })
    again.frames(50, 60)
    await using third = await afterKill(second, clock, { settings: { writeDelayMs: 0 } })
    third.frames(100, 110)
    const answer = await third.read()
    expect([9, 10, 49, 50, 59, 60, 99, 100].map((n) => verdictAt(answer, slot(n)))).toEqual([
      'frame',
      'not-received adapter-down',
      'not-received adapter-down',
      'frame',
      'frame',
      'not-received adapter-down',
      'not-received adapter-down',
      'frame',
    ])
  })
})

describe('of the time after the last frame of a process that was killed, a journal says', () => {
  /** Ten frames are written; what came after them the disk did not take. */
  const keepTen = async (folder: Folder, clock: { us: number }) => {
    const files = troubledFiles()
    const kept = await keepAt(folder, clock, { files })
    kept.frames(0, 10)
    await written(kept, 10)
    files.fail('ENOSPC')
    kept.frames(10, 3000)
    return kept
  }
  /** Killed; up to when frames came that the disk did not take, nobody knows. */
  const answerAfter = async (takenUs: number, aliveUs: number): Promise<Answer> => {
    using folder = temporaryFolder()
    const clock = { us: T0 }
    await using _kept = await keepTen(folder, clock)
    await using next = await afterKillAt(folder, clock, takenUs, aliveUs)
    next.frames(4000, 4010)
    return await next.read()
  }
  const at = (answer: Answer, ...slots: number[]) => slots.map((n) => verdictAt(answer, slot(n)))

  it('lost, as long as the process lived on and wrote nothing: the disk did not take it', async () => {
    const answer = await answerAfter(T0, slot(3000))
    expect(at(answer, 9, 10, 500, 2999)).toEqual([
      'frame',
      'lost crash-window',
      'lost crash-window',
      'lost crash-window',
    ])
    // Killed before its next beat, which is a second later.
    expect(at(answer, 3049, 3060, 3999)).toEqual([
      'lost crash-window',
      'not-received adapter-down',
      'not-received adapter-down',
    ])
  })

  it('lost also where it was stopped in order, and the disk still took nothing', async () => {
    using folder = temporaryFolder()
    const clock = { us: T0 }
    await (await keepTen(folder, clock))[Symbol.asyncDispose]()
    await using next = await afterKillAt(folder, clock, T0, slot(3000))
    next.frames(4000, 4010)
    expect(at(await next.read(), 9, 10, 2999, 3999)).toEqual([
      'frame',
      'lost crash-window',
      'lost crash-window',
      'not-received adapter-down',
    ])
    // In the same process, too, it can be opened again.
    await using again = await keepAt(folder, clock)
    expect((await again.read()).data).toHaveLength(10)
  })

  it('not received, where it may have been killed before its next write', async () => {
    expect(at(await answerAfter(T0, slot(9) + SECOND_US), 10, 12, 59)).toEqual([
      'lost crash-window',
      'not-received adapter-down',
      'not-received adapter-down',
    ])
  })

  it('not received, where another process began since then and wrote nothing of it', async () => {
    expect(at(await answerAfter(slot(2000), slot(3000)), 10, 12, 2500)).toEqual([
      'lost crash-window',
      'not-received adapter-down',
      'not-received adapter-down',
    ])
  })
})

describe('frames of another time', () => {
  const odd = [
    ['the past', T0 - YEAR_US],
    ['the future', T0 + YEAR_US],
  ] as const

  it.each(odd)('are kept and found; one from %s moves nothing that is said of the others', async (_, us) => {
    using folder = temporaryFolder()
    const clock = { us: T0 }
    await using kept = await keepAt(folder, clock)
    kept.frames(0, 10)
    kept.writer.data(frameAt(us))
    kept.frames(10, 20)
    kept.writer.data(frameAt(us + PERIOD_US))
    kept.frames(20, 25)
    kept.writer.sessionEnded('LINK_SILENT')
    clock.us = slot(2000)
    const answer = await kept.read()
    expect(answer.data).toHaveLength(27)
    expect(verdictAt(answer, us)).toBe('frame')
    expect(verdictAt(answer, slot(25))).toBe('not-received LINK_SILENT')
    expect(verdictAt(answer, slot(-1))).toBe('not-received before-journal')
    expect(verdictAt(answer, us - 10 * PERIOD_US)).not.toBe('never-produced')
    expect((await kept.read({ fromUs: us, toUs: us + 2 * PERIOD_US })).data).toHaveLength(2)
    expect(kept.writer.span).toEqual({ fromUs: slot(0), toUs: slot(24) })
  })

  it('carry the stream on when they go on: a source whose clock was set', async () => {
    using folder = temporaryFolder()
    const clock = { us: T0 }
    await using kept = await keepAt(folder, clock)
    for (let n = 0; n < 5; n++) kept.writer.data(frameAt(T0 - 20 * YEAR_US + n * PERIOD_US))
    clock.us = slot(0)
    kept.frames(0, 10)
    kept.frames(12, 20)
    const answer = await kept.read()
    expect(answer.data).toHaveLength(23)
    expect(verdictAt(answer, slot(10))).toBe('never-produced')
    expect(verdictAt(answer, T0 - YEAR_US)).not.toBe('never-produced')
    expect(kept.writer.span?.toUs).toBe(slot(19))
  })

  it('are kept as they came, also twice and out of order', async () => {
    using folder = temporaryFolder()
    const clock = { us: T0 }
    await using kept = await keepAt(folder, clock)
    const order = [0, 1, 1, 3, 2, 4, 4, 4, 0, 5]
    for (const n of order) kept.writer.data(frameAt(slot(n)))
    const answer = await kept.read()
    expect(answer.data.map((frame) => Buffer.from(frame))).toEqual(order.map((n) => Buffer.from(frameAt(slot(n)))))
    expect((await kept.read({ fromUs: slot(4), toUs: slot(5) })).data).toHaveLength(3)
  })
})
