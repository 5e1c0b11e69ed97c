import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemFiles } from '../../src/journal/index.ts'
import { config2 } from '../support/blue-pmu.ts'
import { type Folder, frameAt, hexOf, keep, readAll, STREAM, slot, temporaryFolder } from './support/kept.ts'

const FRAMES = 50_000
const SECOND = 50
let original: Folder
let segmentBytes: number

/** One segment of some megabytes, as an earlier run left it. */
beforeAll(async () => {
  original = temporaryFolder()
  {
    await using kept = await keep(original.path)
    const writer = kept.journal.stream(STREAM)
    writer.configuration([config2])
    for (let n = 0; n < FRAMES; n++) writer.data(frameAt(slot(n)))
  }
  const segments = readdirSync(join(original.path, STREAM)).filter((name) => name.endsWith('.c37'))
  expect(segments).toHaveLength(1)
  segmentBytes = statSync(join(original.path, STREAM, segments[0]!)).size
})
afterAll(() => original[Symbol.dispose]())

/** Files that count the bytes that are read of them. */
function countedFiles() {
  const counted = { bytes: 0 }
  return {
    counted,
    files: {
      ...systemFiles,
      async read(fd: number, target: Uint8Array, position: number) {
        const bytes = await systemFiles.read(fd, target, position)
        counted.bytes += bytes
        return bytes
      },
      async readWhole(path: string) {
        const bytes = await systemFiles.readWhole(path)
        counted.bytes += bytes.length
        return bytes
      },
    },
  }
}

describe('a second of a large segment', () => {
  it.each([
    ['the first', 0],
    ['one in its midst', FRAMES / 2],
    ['the last', FRAMES - SECOND],
  ])('%s is found by the index, without reading the rest', async (_, first) => {
    const { counted, files } = countedFiles()
    await using kept = await keep(original.path, { files })
    // What opening reads is of the state of the stream.
    counted.bytes = 0
    const range = { fromUs: slot(first), toUs: slot(first + SECOND) }
    const { data } = await readAll(kept.journal.reader(STREAM)!, range)
    expect(data.map(hexOf)).toEqual(Array.from({ length: SECOND }, (__, n) => hexOf(frameAt(slot(first + n)))))
    expect(counted.bytes).toBeGreaterThan(SECOND * 54)
    expect(counted.bytes).toBeLessThan(segmentBytes / 10)
  })
})
