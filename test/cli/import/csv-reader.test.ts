import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Configuration, compileDecoder, decodeConfiguration } from '../../../src/c37118/index.ts'
import { CliError } from '../../../src/cli/cli-error.ts'
import { csvFrames } from '../../../src/cli/historian/export-file.ts'
import { CsvReader, type CsvReaderOptions } from '../../../src/cli/import/csv-reader.ts'
import { channelsOf, FrameTable } from '../../../src/historian/index.ts'

const options: CsvReaderOptions = { name: 'day.csv', idcode: 7 }

/** Configuration frames, and data frames. */
function read(text: string, given: Partial<CsvReaderOptions> = {}, cuts: readonly number[] = []) {
  const reader = new CsvReader({ ...options, ...given })
  const bytes = Buffer.from(text)
  const edges = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((one, other) => one - other), bytes.length]
  const all = edges.slice(1).flatMap((end, at) => [...reader.push(bytes.subarray(edges[at], end))])
  all.push(...reader.end())
  return { fragments: all[0]?.[0].fragments ?? [], frames: all.map(([, frame]) => frame) }
}

const configurationOf = (text: string, given: Partial<CsvReaderOptions> = {}): Configuration =>
  decodeConfiguration(read(text, given).fragments)

const messageOf = (text: string, given: Partial<CsvReaderOptions> = {}): string => {
  try {
    read(text, given)
  } catch (error) {
    if (error instanceof CliError) return error.message
    throw error
  }
  return ''
}

/** As `export --format csv` writes it. */
function csvOf({ fragments, frames }: ReturnType<typeof read>): string {
  const channels = channelsOf(new FrameTable(decodeConfiguration(fragments)))
  const file = csvFrames(channels)
  return Buffer.concat([file.begin(), file.bytes(Buffer.concat([...fragments, ...frames]))]).toString()
}

const rows = (header: string, ...cells: readonly string[]): string =>
  [header, ...cells.map((row, n) => `2026-01-31T10:00:00.${`${20 * n}`.padStart(3, '0')}Z,${row}`)].join('\n')

describe('measurements as CSV', () => {
  it('become frames of a configuration that says the same', () => {
    const text = rows(
      'time,1.stat,1.VA.magnitude V,1.VA.angle rad,1.I.magnitude kA,1.I.angle deg,1.freq Hz,1.dfreq Hz/s,1.power,1.digital2',
      '8192,63500,0.5,0.25,90,50.012,-0.1,7,3',
      ',,,1,-180,,,,',
    )
    const { fragments, frames } = read(text)
    expect(decodeConfiguration(fragments)).toMatchObject({
      idcode: 7,
      dataRate: 50,
      timeBase: 1_000_000,
      pmus: [
        {
          idcode: 7,
          fnom: 50,
          phasors: [
            { name: 'VA', kind: 'voltage' },
            { name: 'I', kind: 'current' },
          ],
          analogs: [{ name: 'power' }],
          digitals: [{}, {}],
        },
      ],
    })
    const decoder = compileDecoder(decodeConfiguration(fragments))
    const [first, second] = frames.map((frame) => decoder.decode(frame))
    expect(first!.pmus[0]).toMatchObject({ stat: 8192, digitals: [0, 3] })
    const { phasors, freq, dfreq, analogs } = first!.pmus[0]!
    expect(phasors.map(({ magnitude, angle }) => [magnitude, angle])).toEqual([
      [63_500, 0.5],
      [250, Math.fround(Math.PI / 2)],
    ])
    expect([freq, dfreq, ...analogs]).toEqual([50.012, -0.1, 7].map(Math.fround))
    expect(second!.pmus[0]!.stat & 0xc000).toBe(0x8000)
    expect([second!.pmus[0]!.freq, second!.pmus[0]!.phasors[0]!.magnitude]).toEqual([Number.NaN, Number.NaN])
  })

  it('come out as they went in, to the seven digits of float32, whatever the channels are called', () => {
    const name = fc
      .string({ unit: fc.constantFrom(...'aB1 _,."-é'), minLength: 1, maxLength: 12 })
      .map((text) => `n${text.trim()}`)
    const value = fc.option(fc.float({ noNaN: true }), { nil: undefined })
    fc.assert(
      fc.property(
        fc.uniqueArray(name, { minLength: 1, maxLength: 4, selector: (text) => text.toLowerCase() }),
        fc.array(value, { minLength: 3, maxLength: 3 }),
        fc.array(fc.nat(), { maxLength: 5 }),
        (names, values, cuts) => {
          const headers = names.flatMap((each) => [`1.${each}.magnitude V`, `1.${each}.angle rad`])
          const quoted = headers.map((text) => (/[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text))
          const header = ['time', '1.stat', ...quoted, '1.freq Hz', '1.dfreq Hz/s'].join()
          const text = rows(
            header,
            ...values.map((each) =>
              [
                0,
                ...headers.map((_, at) => (at % 2 === 0 ? (each ?? '') : each === undefined ? '' : 1)),
                each ?? '',
                '',
              ].join(),
            ),
          )
          const again = csvOf(read(text, { rate: 50 }, cuts))
          expect(again.split('\n')[0]).toBe(header)
          expect(csvOf(read(again, { rate: 50 }))).toBe(again)
          const [cells] = [again.split('\n')[1]!.split(',').slice(-2)]
          expect(cells![0] === '' ? undefined : Math.fround(Number(cells![0]))).toBe(
            values[0] === undefined ? undefined : values[0] + 0,
          )
        },
      ),
    )
  })

  it.each([
    ['20 ms', ['00.000', '00.020', '00.040'], 50],
    ['thirds of 50 ms', ['00.000000', '00.016667', '00.033333', '00.050000'], 60],
    ['2 s', ['00', '02', '04'], -2],
    ['20 ms with one missing', ['00.000', '00.020', '00.060', '00.080'], 50],
  ])('have the rate that their times say: %s', (_, seconds, rate) => {
    const text = ['time,1.freq Hz', ...seconds.map((each) => `2026-01-31 10:00:${each},60.01`)].join('\n')
    expect(configurationOf(text)).toMatchObject({ dataRate: rate, pmus: [{ fnom: 60 }] })
    expect(configurationOf(text, { rate: 10, nominal: 50 })).toMatchObject({ dataRate: 10, pmus: [{ fnom: 50 }] })
  })

  it('may have any zone, CR LF, a byte order mark, and PMUs that are not numbered where there is one', () => {
    const text = '\ufefftime,freq Hz\r\n2026-01-31T12:00:00.02+02:00,50\r\n2026-01-31 10:00:00.04,50\r\n'
    const { fragments, frames } = read(text)
    const decoder = compileDecoder(decodeConfiguration(fragments))
    expect(frames.map((frame) => decoder.decode(frame)).map(({ soc, fraction }) => [soc, fraction])).toEqual([
      [Date.UTC(2026, 0, 31, 10) / 1000, 20_000],
      [Date.UTC(2026, 0, 31, 10) / 1000, 40_000],
    ])
  })

  it('have a CFG-3 where a name is longer than CFG-2 has it', () => {
    const long = 'a channel with a long name'
    const text = rows(`time,1.${long}.magnitude V,1.${long}.angle rad`, '1,2', '1,2')
    expect(configurationOf(text)).toMatchObject({ type: 5, pmus: [{ phasors: [{ name: long }] }] })
  })

  it.each([
    ['', /day\.csv is empty/],
    ['t,1.freq Hz\n', /day\.csv:1: the first column is t, not time/],
    ['time\n', /day\.csv:1: there is no column besides time/],
    ['time,\n', /day\.csv:1: column 2 has no name/],
    ['time,0.freq Hz\n', /day\.csv:1: column 2, 0\.freq Hz: PMUs are numbered from 1/],
    ['time,1.freq Hz,1.freq Hz\n', /day\.csv:1: there are two columns 1\.freq Hz/],
    ['time,1.VA.magnitude,1.VA.angle rad\n', /day\.csv:1: column 2, 1\.VA\.magnitude: its unit is missing/],
    [rows('time,1.VA.magnitude V', '1', '2'), /day\.csv: the phasor 1\.VA has no angle/],
    [rows('time,2.freq Hz', '50', '50'), /day\.csv: there is no column of PMU 1/],
    [rows('time,1.freq Hz', '50', 'fifty'), /day\.csv:3: column 1\.freq Hz: fifty is no number/],
    [rows('time,1.stat', '1', '65536'), /day\.csv:3: column 1\.stat: 65536 is no word of 16 bits/],
    [rows('time,1.freq Hz', '50', '50,1'), /day\.csv:3: 3 fields, where the header has 2/],
    ...['0x10', '0b1', '1e39', '1e400', 'infinity', '+Infinity', '1e', '.', '1_000', '1 5'].map(
      (text): [string, RegExp] => [
        rows('time,1.freq Hz', '50', text),
        new RegExp(`day\\.csv:3: column 1\\.freq Hz: ${text.replace(/[.+]/, '\\$&')} is no number`),
      ],
    ),
    ['time,1.freq Hz\n2023-02-31T10:00:00Z,50\n', /day\.csv:2: 2023-02-31T10:00:00Z is no time/],
    ['time,1.freq Hz\n2023-02-29 10:00:00,50\n', /day\.csv:2: 2023-02-29 10:00:00 is no time/],
    ['time,1.freq Hz\nyesterday,50\n', /day\.csv:2: yesterday is no time/],
    ['time,1.freq Hz\n2026-02-31T25:00:00Z,50\n', /day\.csv:2: 2026-02-31T25:00:00Z is no time/],
    ['time,1.freq Hz\n2026-01-31T10:00:00Z,50\n', /day\.csv: one time says no rate/],
    ['time,"1.fr"eq Hz\n', /day\.csv:1: a field has a " in it/],
  ])('says by line and column what is wrong: %j', (text, message) => {
    expect(messageOf(text)).toMatch(message)
  })

  it('is refused with an error that was foreseen, whatever the bytes', () => {
    const cell = fc.constantFrom(
      'time',
      '1.freq Hz',
      '2026-01-31T10:00:00Z',
      '50',
      '',
      '"',
      '"a"',
      '1.VA.angle rad',
      '-1e999',
      '\n',
      ',',
    )
    fc.assert(
      fc.property(fc.array(fc.oneof(cell, fc.string()), { maxLength: 40 }), (parts) => void messageOf(parts.join(','))),
    )
  })
})
