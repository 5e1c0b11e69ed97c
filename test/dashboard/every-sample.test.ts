import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { everySample } from '../../dashboard/src/history/every-sample.ts'
import { csvRow } from '../../src/runtime/csv.ts'
import { isoTime } from '../../src/runtime/iso-time.ts'

/** As the API answers: the rows of a stream whose frames have these times. */
const tableOf = (name: string, times: readonly number[], fromUs: number, toUs: number): string =>
  csvRow(['time', `1.${name} Hz`]) +
  times
    .filter((us) => us >= fromUs && us < toUs)
    .map((us) => csvRow([isoTime(us), `${us}`]))
    .join('')

async function rowsOf(streams: Readonly<Record<string, readonly number[]>>, fromUs: number, toUs: number) {
  const asked: { readonly fromUs: number; readonly toUs: number }[] = []
  let text = ''
  const names = Object.keys(streams)
  for await (const { rows } of everySample(
    names.map((stream) => ({ stream, channels: [`1.${stream}`] })),
    { fromUs, toUs },
    async ({ stream }, piece) => {
      asked.push(piece)
      return tableOf(stream, streams[stream]!, piece.fromUs, piece.toUs)
    },
  ))
    text += rows
  return { text, asked }
}

describe('every sample of several streams', () => {
  it('has a row for each time of any, in order, whatever their rates and gaps', async () => {
    const times = fc
      .uniqueArray(fc.integer({ min: 0, max: 200_000_000 }), { maxLength: 30 })
      .map((all) => all.toSorted((one, other) => one - other))
    await fc.assert(
      fc.asyncProperty(times, times, fc.integer({ min: 1, max: 200_000_000 }), async (a, b, toUs) => {
        const { text } = await rowsOf({ a, b }, 0, toUs)
        const all = [...new Set([...a, ...b])].filter((us) => us < toUs).toSorted((one, other) => one - other)
        const cell = (of: readonly number[], us: number): string => (of.includes(us) ? `${us}` : '')
        expect(text).toBe(all.map((us) => csvRow([isoTime(us), cell(a, us), cell(b, us)])).join(''))
      }),
    )
  })

  it('is asked for in pieces that grow while they are short, each once', async () => {
    const { asked } = await rowsOf({ a: [5] }, 0, 26 * 3600e6)
    expect(asked.map(({ fromUs }) => fromUs)).toEqual([0, ...asked.map(({ toUs }) => toUs).slice(0, -1)])
    expect([asked[0]!.toUs, asked.at(-1)!.toUs]).toEqual([10e6, 26 * 3600e6])
    expect(asked.length).toBeLessThan(40)
  })

  it('has pieces of no more than some million characters', async () => {
    const pieces: number[] = []
    const row = '\n1970-01-01T00:00:00.000000Z,1'
    const ask = async (_: unknown, { fromUs, toUs }: { fromUs: number; toUs: number }): Promise<string> => {
      const text = `time,1.a${row.repeat((toUs - fromUs) / 200)}`
      pieces.push(text.length)
      return text
    }
    for await (const _ of everySample([{ stream: 'a', channels: ['1.a'] }], { fromUs: 0, toUs: 600e6 }, ask));
    expect(Math.max(...pieces)).toBeLessThan(2 * 2 * 2 ** 20)
  })

  it('knows the end of a head whose names have line ends', async () => {
    const odd = 'V\n"A'
    expect((await rowsOf({ [odd]: [1], b: [1] }, 0, 10)).text).toBe('1970-01-01T00:00:00.000001Z,1,1\n')
  })
})
