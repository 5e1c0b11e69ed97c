import { existsSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type Lock, takeLock } from '../../src/journal/lock.ts'
import { temporaryFolder } from './support/kept.ts'

const delays = { writeDelayMs: 10, syncDelayMs: 100 }

/** What the lock of this very process says, and a way to say something else. */
async function heldBy(folder: string, change: object): Promise<void> {
  const lock = await takeLock(folder, delays)
  const holder = JSON.parse(readFileSync(join(folder, 'journal-1.lock'), 'utf8'))
  await lock.release()
  writeFileSync(join(folder, 'journal-1.lock'), JSON.stringify({ ...holder, ...change }))
}

async function taken(folder: string): Promise<Lock['left']> {
  const lock = await takeLock(folder, { writeDelayMs: 1, syncDelayMs: 1 })
  await lock.release()
  return lock.left
}

describe('the lock of a journal', () => {
  it('is refused while its process lives, and names it', async () => {
    using folder = temporaryFolder()
    const lock = await takeLock(folder.path, delays)
    await expect(takeLock(folder.path, delays)).rejects.toMatchObject({
      facts: { code: 'JOURNAL_LOCKED', pid: process.pid },
    })
    await lock.release()
    expect(existsSync(join(folder.path, 'journal-1.lock'))).toBe(false)
    expect(await taken(folder.path)).toBeUndefined()
  })

  it('of a process that is gone is taken over, with what it promised and when it lived', async () => {
    using folder = temporaryFolder()
    await heldBy(folder.path, { pid: 2 ** 22 + 1, said: { ...delays, takenUs: 5e11 } })
    utimesSync(join(folder.path, 'journal-1.lock'), 1_000_000, 1_000_000)
    expect(await taken(folder.path)).toEqual({ ...delays, takenUs: 5e11, aliveUs: 1e12, sameBoot: true })
  })

  it('of a number that another process has now is taken over', async () => {
    using folder = temporaryFolder()
    await heldBy(folder.path, { began: '1' })
    expect(await taken(folder.path)).toMatchObject({ sameBoot: true })
  })

  it('of before the machine was started anew is taken over: the power may have gone', async () => {
    using folder = temporaryFolder()
    await heldBy(folder.path, { boot: 'another' })
    expect(await taken(folder.path)).toMatchObject({ sameBoot: false })
  })

  it.each(['', '{', '\0\0\0\0', '[]', 'null', '{"pid":"x"}'])('that says %j is nobody’s', async (text) => {
    using folder = temporaryFolder()
    writeFileSync(join(folder.path, 'journal-1.lock'), text)
    expect(await taken(folder.path)).toMatchObject({ writeDelayMs: 1, takenUs: Number.POSITIVE_INFINITY })
  })

  it('of another container is refused while it beats, and taken over when it does not', async () => {
    using beating = temporaryFolder()
    using silent = temporaryFolder()
    for (const { path } of [beating, silent]) await heldBy(path, { pids: 'pid:[1]' })
    const beat = setInterval(() => utimesSync(join(beating.path, 'journal-1.lock'), new Date(), new Date()), 500)
    const [refused, took] = await Promise.allSettled([taken(beating.path), taken(silent.path)])
    clearInterval(beat)
    expect(refused).toMatchObject({ status: 'rejected', reason: { code: 'JOURNAL_LOCKED' } })
    expect(took).toMatchObject({ status: 'fulfilled' })
  })

  it('is given to one of many that want it at once', async () => {
    using folder = temporaryFolder()
    await heldBy(folder.path, { pid: 2 ** 22 + 1 })
    const all = await Promise.allSettled(Array.from({ length: 8 }, () => takeLock(folder.path, delays)))
    expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })
})
