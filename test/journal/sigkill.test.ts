import { spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, inject, it } from 'vitest'
import { config2, dataFrame } from '../support/blue-pmu.ts'
import { type Answer, hexOf, keep, readAll, temporaryFolder, verdictAt } from './support/kept.ts'

const src = dirname(dirname(inject('cliMain')))
const topics = [1, 2, 3].map((n) => `area/secondary-station/1/PMU/${n}`)
const sequenceOf = (frame: Uint8Array): number => Buffer.from(frame).readUInt32BE(16)

interface Given {
  /** Milliseconds before the kill at which each was given, one after the other. */
  readonly ages: readonly number[]
}

/** A process of its own that keeps a journal until it is killed. */
async function killed(folder: string, writeDelayMs: number, frames: number): Promise<Given> {
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, 'support/journal-child.mjs'), src, folder, String(writeDelayMs), String(frames)],
    {
      env: { ...process.env, CONFIGURATION: hexOf(config2), FRAME: hexOf(dataFrame) },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  let text = ''
  child.stdout.on('data', (chunk) => {
    text += chunk
  })
  const signal = await new Promise((resolve) => child.on('close', (_, by) => resolve(by)))
  expect(signal).toBe('SIGKILL')
  const endMs = Number(/^end (\S+)$/m.exec(text)![1])
  return { ages: [...text.matchAll(/^\d+ (\S+)$/gm)].map(([, ms]) => endMs - Number(ms)) }
}

async function answersIn(folder: string): Promise<Answer[]> {
  await using kept = await keep(folder)
  return await Promise.all(topics.map((topic) => readAll(kept.journal.reader(topic)!)))
}

describe('a journal whose process is killed', () => {
  it.each([317, 640, 1003])(
    'has every frame that was given, where each is written at once: after %i',
    async (frames) => {
      using folder = temporaryFolder()
      await killed(folder.path, 0, frames)
      for (const [i, answer] of (await answersIn(folder.path)).entries()) {
        expect(answer.data.map(sequenceOf)).toEqual(Array.from({ length: frames }, (_, n) => 3 * n + i))
        expect(verdictAt(answer, 1_767_225_600_000_000 + frames * 20_000)).toBe('not-received adapter-down')
      }
    },
  )

  it.each([251, 999])('has every frame but those of the last moment: after %i', async (frames) => {
    using folder = temporaryFolder()
    const { ages } = await killed(folder.path, 10, frames)
    for (const [i, answer] of (await answersIn(folder.path)).entries()) {
      const have = answer.data.map(sequenceOf)
      expect(have).toEqual(Array.from({ length: have.length }, (_, n) => 3 * n + i))
      // Ten are promised; a machine at work on other things may begin a write later.
      for (const age of ages.slice(have.length)) expect(age).toBeLessThan(50)
      if (have.length < frames) {
        expect(verdictAt(answer, 1_767_225_600_000_000 + have.length * 20_000)).toBe('lost crash-window')
      }
    }
  })

  it('killed again and again, leaves one journal, with nothing twice', async () => {
    using folder = temporaryFolder()
    for (const frames of [100, 200, 50]) await killed(folder.path, 0, frames)
    for (const [i, answer] of (await answersIn(folder.path)).entries()) {
      const wanted = [100, 200, 50].flatMap((frames) => Array.from({ length: frames }, (_, n) => 3 * n + i))
      expect(answer.data.map(sequenceOf)).toEqual(wanted)
    }
    expect(readdirSync(folder.path).sort()).toEqual(['area', 'journal.version'])
  })

  it('locks nobody out', async () => {
    using folder = temporaryFolder()
    await killed(folder.path, 0, 10)
    expect(readdirSync(folder.path)).toContain('journal-1.lock')
    await using kept = await keep(folder.path)
    expect(kept.journal.topics).toEqual(topics)
  })
})
