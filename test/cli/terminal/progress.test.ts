import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { watched } from '../../../src/cli/capture-input.ts'
import { replayState } from '../../../src/cli/replay/replay-progress.ts'
import { createProgress, type Progress } from '../../../src/cli/terminal/progress.ts'
import { formatBytes, formatSpan } from '../../../src/cli/terminal/quantity.ts'
import type { Replay } from '../../../src/simulator/index.ts'

/** What a terminal of so many columns is sent. */
function terminal({ isTTY = true, columns = 80 } = {}) {
  const stream = Object.assign(new PassThrough(), { isTTY, columns })
  return { stream: stream as unknown as NodeJS.WriteStream, written: (): string => String(stream.read() ?? '') }
}

const SHOW_CURSOR = '\x1b[?25h'
const CLEAR_LINE = '\x1b[2K'

/** A bar that is drawn once, at a moment of its own making. */
function drawn(options: Partial<Parameters<typeof createProgress>[1]>, act: (bar: Progress) => void, columns = 80) {
  const { stream, written } = terminal({ columns })
  const bar = createProgress(stream, { label: 'reading', total: 200, afterMs: 0, ...options })
  act(bar)
  const shown = written()
  bar.end()
  return { shown, after: written() }
}

describe('a progress bar', () => {
  it('says how far it is, and takes itself away', () => {
    const { shown, after } = drawn({}, (bar) => bar.at(50, '1 client'))
    expect(shown).toMatch(/reading {2}━{10}─{30} {2}25 % {2}1 client/)
    expect(after).toContain(SHOW_CURSOR)
    expect(after).toContain(CLEAR_LINE)
  })

  it('says how long it will take as soon as that can be told', () => {
    let now = 0
    const { shown } = drawn({ clock: () => now, afterMs: 3000 }, (bar) => {
      bar.at(10)
      now = 3000
      bar.at(40)
    })
    expect(shown).toMatch(/20 % {2}16 s left/)
  })

  it('counts where nobody knows the end', () => {
    const { shown } = drawn({ total: undefined, text: formatBytes }, (bar) => bar.at(12_340_000))
    expect(shown).toContain('reading  12.3 MB')
    expect(shown).not.toContain('%')
  })

  it('fits the terminal, whatever stands behind it', () => {
    const detail = '1501 of 3002 frames, 12 clients'
    const { shown } = drawn({ room: detail.length }, (bar) => bar.at(100, detail), 80)
    const line = shown.slice(shown.indexOf('reading')).split('\x1b')[0]!
    expect(line).toContain(detail)
    expect(`${line}  99 min left`.length).toBeLessThan(80)
  })

  it('is not there for what is done in a blink', () => {
    const { shown, after } = drawn({ afterMs: 400, clock: () => 0 }, (bar) => bar.at(100))
    expect(shown + after).toBe('')
  })

  it('is not there for a pipe or a file', () => {
    const { stream, written } = terminal({ isTTY: false })
    const bar = createProgress(stream, { label: 'reading', total: 2, afterMs: 0 })
    bar.at(1)
    bar.end()
    expect(written()).toBe('')
  })

  it('leaves nothing behind at the end of the process', () => {
    const before = process.listenerCount('exit')
    drawn({}, (bar) => bar.at(1))
    expect(process.listenerCount('exit')).toBe(before)
  })
})

describe('what a bar is told', () => {
  it('of a capture: the bytes that were taken', async () => {
    const chunks = [new Uint8Array(3), new Uint8Array(4)]
    const seen: number[] = []
    const input = { name: 'a.pcap', once: false, size: 7, chunks: () => asynchronous(chunks) }
    const watchedInput = watched(input, { at: (bytes) => seen.push(bytes), end() {} })
    const read: Uint8Array[] = []
    for await (const chunk of watchedInput.chunks(new AbortController().signal)) read.push(chunk)
    expect({ read, seen }).toEqual({ read: chunks, seen: [3, 7] })
  })

  it.each<[number, number, number[], boolean, ReturnType<typeof replayState>]>([
    [0, 4, [0, 0], false, { sent: 4, detail: '4 of 10 frames, no client yet' }],
    [0, 4, [1, 0], false, { sent: 4, detail: '4 of 10 frames, 1 client' }],
    [2, 23, [1, 2], true, { sent: 3, detail: '3 of 10 frames, 3 clients, round 3' }],
    [1, 10, [1, 0], false, { sent: 10, detail: '1 client' }],
  ])('of a replay in round %i with %i frames sent', (rounds, frames, receivers, loop, state) => {
    const streams = receivers.map((count, i) => ({ frames: i === 0 ? frames : 0, receivers: count }))
    expect(replayState({ streams, rounds } as unknown as Replay, 10, loop)).toEqual(state)
  })

  it.each([
    [400, '1 s'],
    [12_000, '12 s'],
    [150_000, '3 min'],
    [7_200_000, '2.0 h'],
  ])('of time: %i ms', (ms, text) => expect(formatSpan(ms)).toBe(text))

  it.each([
    [1, '1 byte'],
    [999, '999 bytes'],
    [48_034, '48.0 kB'],
    [2_147_483_648, '2.1 GB'],
  ])('of size: %i bytes', (bytes, text) => expect(formatBytes(bytes)).toBe(text))
})

async function* asynchronous<T>(values: readonly T[]): AsyncGenerator<T> {
  yield* values
}
