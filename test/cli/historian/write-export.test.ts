import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { CliError } from '../../../src/cli/cli-error.ts'
import { type ExportFormat, type FrameSource, writeExport } from '../../../src/cli/historian/write-export.ts'
import { configurationOf } from '../../pdc/configurations.ts'
import { framesOf, temporaryFolder } from './frames-file.ts'

const HOUR_US = 3_600_000_000
const startUs = 490_000 * HOUR_US
const configuration = configurationOf([{ idcode: 7 }])

/** A historian that has a frame in each of these hours, and may fail. */
class Historian implements FrameSource {
  readonly asked: (readonly [number, number])[] = []
  readonly #hours: readonly number[]
  failsAt = Number.NaN

  constructor(hours: readonly number[]) {
    this.#hours = hours
  }

  async frames({ fromUs, toUs }: { fromUs: number; toUs: number }): Promise<AsyncIterable<Uint8Array>> {
    const of = (us: number): number => (us - startUs) / HOUR_US
    this.asked.push([of(fromUs), of(toUs)])
    const hours = this.#hours.filter((hour) => hour >= of(fromUs) && hour < of(toUs))
    const samples = hours.map((hour) => ({ timeUs: startUs + hour * HOUR_US, fill: () => {} }))
    const { failsAt } = this
    return (async function* () {
      if (samples.length > 0) yield framesOf([[configuration, samples]])
      if (hours.includes(failsAt)) throw new CliError({ code: 'CLI_FAILED' }, 'it has gone')
    })()
  }
}

async function exportOf(format: ExportFormat, hours: number) {
  const folder = await temporaryFolder()
  const output = join(folder, format === 'comtrade' ? 'out.cfg' : 'out')
  const channels = [{ id: '1.freq', unit: 'Hz' }]
  const period = { fromUs: startUs, toUs: startUs + hours * HOUR_US }
  const of = { topic: 'a/b/c/PMU/7', format, dataType: 'ascii', output, asked: format, channels, ...period } as const
  return {
    folder,
    output,
    write: (from: FrameSource, signal = new AbortController().signal) => writeExport(from, of, signal),
  }
}

describe('an export', () => {
  it('is fetched hour by hour, and in larger steps where nothing is stored', async () => {
    const { output, write } = await exportOf('csv', 100)
    const historian = new Historian([0, 1, 50, 51])
    expect(await write(historian)).toEqual({ files: [output], frames: 4 })
    expect(historian.asked).toEqual([
      [0, 1],
      [1, 2],
      [2, 3],
      [3, 5],
      [5, 9],
      [9, 17],
      [17, 33],
      [33, 57],
      [57, 58],
      [58, 60],
      [60, 64],
      [64, 72],
      [72, 88],
      [88, 100],
    ])
    expect((await readFile(output, 'utf8')).trim().split('\n')).toHaveLength(5)
  })

  it.each(['c37118', 'csv', 'parquet', 'comtrade'] as const)(
    'goes on with the hour that failed: %s',
    async (format) => {
      const { folder, write } = await exportOf(format, 4)
      const historian = new Historian([0, 1, 2, 3])
      historian.failsAt = 2
      await expect(write(historian)).rejects.toThrow('it has gone')
      expect((await readdir(folder)).every((name) => name.includes('.part'))).toBe(true)
      const again = new Historian([0, 1, 2, 3])
      expect(await write(again)).toMatchObject({ frames: 4 })
      expect(again.asked.map(([from]) => from)).toEqual([2, 3])
      expect((await readdir(folder)).filter((name) => name.includes('.part') || name.includes('.tmp'))).toEqual([])
    },
  )

  it.each(['parquet', 'comtrade'] as const)(
    'that was ended while it was converted asks for nothing again: %s',
    async (format) => {
      const { folder, write } = await exportOf(format, 1)
      const stop = new AbortController()
      const historian = new Historian([0])
      const ended: FrameSource = {
        frames: async (of) => {
          const frames = await historian.frames(of)
          return (async function* () {
            yield* frames
            stop.abort()
          })()
        },
      }
      expect(await write(ended, stop.signal)).toBeUndefined()
      expect((await readdir(folder)).toSorted()).toEqual([
        expect.stringMatching(/\.part$/),
        expect.stringMatching(/\.part\.json$/),
      ])
      const again = new Historian([0])
      expect(await write(again)).toMatchObject({ frames: 1 })
      expect(again.asked).toEqual([])
    },
  )

  it('of COMTRADE needs a sample', async () => {
    const { folder, write } = await exportOf('comtrade', 1)
    await expect(write(new Historian([]))).rejects.toThrow('nothing is stored of a/b/c/PMU/7 in that time')
    expect(await readdir(folder)).toEqual([])
  })
})
