import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { FrameLogTail, FrameLogWriter, Judge } from '../../judge/index.ts'

const frame = (sequence: number): Uint8Array => Uint8Array.of(0xaa, 1, 0, 16, 0, 1, 0, 0, 0, sequence, 0, 0, 0, 2, 0, 0)

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'phasorbus-judge-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

describe('a log that is still being written', () => {
  it('is read as far as its lines are whole, and each line once', () => {
    const path = join(folder, 'growing.log')
    writeFileSync(path, 'S 1.000 aa01\nS 2.000 aa')
    const tail = new FrameLogTail(path)
    expect([...tail.read()].map(({ atMs }) => atMs)).toEqual([1])
    appendFileSync(path, '02\nS 3.000 aa03\n')
    expect([...tail.read()].map(({ atMs, frame }) => [atMs, ...frame])).toEqual([
      [2, 0xaa, 2],
      [3, 0xaa, 3],
    ])
    expect([...tail.read()]).toEqual([])
    tail.close()
  })

  it('is read no further than told', () => {
    const path = join(folder, 'bounded.log')
    const writer = new FrameLogWriter(path)
    const tail = new FrameLogTail(path)
    writer.add({ stream: 'S', atMs: 1, frame: frame(1) })
    writer.flush()
    const { size } = tail
    writer.add({ stream: 'S', atMs: 2, frame: frame(2) })
    writer.close()
    expect([...tail.read(size)].map(({ atMs }) => atMs)).toEqual([1])
    expect([...tail.read()].map(({ atMs }) => atMs)).toEqual([2])
    tail.close()
  })

  it('is not guessed at', () => {
    const path = join(folder, 'bad.log')
    writeFileSync(path, 'S 1 zz\n')
    expect(() => [...new FrameLogTail(path).read()]).toThrow('not a line of a frame log')
  })
})

describe('what is missing', () => {
  it('is each frame that was written and not read, with its time', () => {
    const judge = new Judge()
    for (const sequence of [1, 2, 3]) judge.wrote('S', frame(sequence), sequence * 10)
    expect(judge.read('S', frame(2), 25)).toBe(20)
    expect(judge.read('S', frame(2), 26)).toBeUndefined()
    expect([...judge.missing()].map(({ stream, frame, atMs }) => [stream, frame[9], atMs])).toEqual([
      ['S', 1, 10],
      ['S', 3, 30],
    ])
  })

  it('is known for a second reading as far back as the judge was told to remember', () => {
    const judge = new Judge({ duplicateMemory: 2 })
    for (const sequence of [1, 2, 3]) judge.wrote('S', frame(sequence))
    for (const sequence of [1, 2, 3, 2, 1]) judge.read('S', frame(sequence))
    expect(judge.verdict()).toMatchObject({ duplicated: 1, differing: 1 })
  })
})
