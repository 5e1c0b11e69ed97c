import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { monotonicMs } from '../../bench/lab/monotonic.ts'
import { Witness } from '../../bench/lab/witness.ts'
import { FrameLogWriter } from '../../judge/index.ts'

const frame = (sequence: number): Uint8Array => Uint8Array.of(0xaa, 1, 0, 16, 0, 1, 0, 0, 0, sequence, 0, 0, 0, 2, 0, 0)

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'phasorbus-witness-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

let number = 0
function witness() {
  const [writtenLog, unheardLog, readLog] = ['written', 'unheard', 'read'].map((name) =>
    join(folder, `${name}-${++number}.log`),
  ) as [string, string, string]
  const [written, unheard, read] = [writtenLog, unheardLog, readLog].map((path) => new FrameLogWriter(path))
  const log = (to: FrameLogWriter | undefined, sequence: number, atMs: number): void => {
    to!.add({ stream: 'S', atMs, frame: frame(sequence) })
    to!.flush()
  }
  const seen: number[] = []
  const one = new Witness({ writtenLog, unheardLog, readLog, onRead: ({ writtenAtMs }) => seen.push(writtenAtMs) })
  return {
    one,
    seen,
    wrote: (sequence: number, atMs: number) => log(written, sequence, atMs),
    read: (sequence: number, atMs: number) => log(read, sequence, atMs),
    close: () => unheard!.close(),
  }
}

describe('the witness of a line', () => {
  it('lets a reading wait for the log of a writer that is behind', async () => {
    const { one, seen, wrote, read } = witness()
    const nowMs = monotonicMs()
    read(1, nowMs)
    await one.look()
    expect([one.unknown, one.judge.verdict().differing]).toEqual([1, 0])
    wrote(1, nowMs - 1)
    await one.look()
    expect(one.unknown).toBe(0)
    expect(one.judge.verdict()).toMatchObject({ published: 1, delivered: 1, lost: 0, differing: 0 })
    expect(seen[0]).toBeCloseTo(nowMs - 1, 1)
  })

  it('knows a frame that nobody wrote after five seconds, and a second reading at once', async () => {
    const { one, wrote, read } = witness()
    const nowMs = monotonicMs()
    wrote(1, nowMs)
    read(1, nowMs)
    read(1, nowMs)
    read(2, nowMs - 6000)
    await one.look()
    expect(one.unknown).toBe(0)
    expect(one.judge.verdict()).toMatchObject({ delivered: 1, duplicated: 1, differing: 1 })
  })
})
