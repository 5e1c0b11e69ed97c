import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type Configuration,
  compileDecoder,
  type Format,
  FrameSplitter,
  FrameType,
  frameTypeOf,
  type PmuSample,
} from '../../../src/c37118/index.ts'
import type { DataType } from '../../../src/cli/historian/comtrade/cfg.ts'
import { writeComtrade } from '../../../src/cli/historian/comtrade/files.ts'
import {
  asciiNumber,
  asciiValue,
  BINARY32_MISSING,
  binary32,
  countOf,
} from '../../../src/cli/historian/comtrade/numbers.ts'
import { configurationOf } from '../../pdc/configurations.ts'
import { needs } from '../../support/needs.ts'
import { framesFile, framesOf, type Sample, temporaryFolder } from './frames-file.ts'

const python = process.env.PHASORBUS_PYTHON ?? 'python3'
const need = needs('python:comtrade')
const startUs = 1_764_392_400_020_000 // 2025-11-29T05:00:00.02Z
const stream = 'area/secondary-station/1/PMU/7'
const never = new AbortController().signal

/** What the reader of another project makes of a pair of files. */
const READER = `
import comtrade, json, sys
r = comtrade.load(sys.argv[1], use_double_precision=True)
c = r.cfg
print(json.dumps(dict(
  station=r.station_name, device=r.rec_dev_id, year=r.rev_year, ft=r.ft, frequency=r.frequency,
  start=str(r.start_timestamp), trigger=str(r.trigger_timestamp), rates=c.sample_rates, critical=c.timestamp_critical,
  quality=[c._tmq_code, c._leap_second], code=[c._time_code, c._local_code],
  time=list(r.time), names=r.analog_channel_ids, phases=r.analog_phases, units=[a.uu for a in c.analog_channels],
  ranges=[[a.a * a.cmin + a.b, a.a * a.cmax + a.b] for a in c.analog_channels],
  analog=[[None if v != v else v for v in a] for a in r.analog],
  status_names=r.status_channel_ids, normal=[s.y for s in c.status_channels], status=[list(s) for s in r.status])))
`

interface Read {
  readonly [field: string]: unknown
  readonly time: readonly number[]
  readonly names: readonly string[]
  readonly analog: readonly (readonly (number | null)[])[]
  readonly ranges: readonly (readonly [number, number])[]
  readonly status_names: readonly string[]
  readonly status: readonly (readonly number[])[]
}

async function readBack(cfg: string): Promise<Read> {
  const { stdout } = await promisify(execFile)(python, ['-c', READER, cfg], { maxBuffer: 1 << 28 })
  return JSON.parse(stdout) as Read
}

const formats: readonly Format[] = [
  { polar: true, phasors: 'int16', analogs: 'int16', freq: 'int16' },
  { polar: false, phasors: 'float32', analogs: 'float32', freq: 'float32' },
]

const sample = (n: number, timeUs = startUs + n * 20_000): Sample => ({
  timeUs,
  fill(columns) {
    columns.stat[0] = n === 3 ? 0x2000 : 0
    columns.phasors.set([63_500 + n, n / 100, n === 5 ? Number.NaN : 5, n === 5 ? Number.NaN : 0.5])
    columns.freq[0] = n === 6 ? Number.NaN : 50 + n / 1000
    columns.dfreq[0] = -n / 100
    columns.analogs[0] = n
    columns.digitals[0] = n & 0xffff
    columns.timeQuality = n === 8 ? 5 : 0
  },
})
const samples = (count: number): readonly Sample[] => Array.from({ length: count }, (_, n) => sample(n))

async function write(bytes: Uint8Array, type: DataType, name = 'event.cfg') {
  const folder = await temporaryFolder()
  const frames = await framesFile(folder, bytes)
  const files = await writeComtrade({ stream, type, frames, output: join(folder, name) }, () => {}, never)
  return { folder, files }
}

/** As the codec reads them. */
function decoded(bytes: Uint8Array, configuration: Configuration) {
  const decoder = compileDecoder(configuration)
  const all: PmuSample[] = []
  new FrameSplitter().push(bytes, (frame) => {
    if (frameTypeOf(frame) === FrameType.data) all.push(decoder.decode(frame).pmus[0]!)
  })
  return all
}

describe.skipIf(need.skip)(need.title('COMTRADE, as the reader of another project has it'), () => {
  for (const type of ['ascii', 'binary32'] as const) {
    it.each(formats)(`has every value and time: ${type}, %j`, async (format) => {
      const configuration = configurationOf([{ idcode: 7, stn: 'Station, A', format }])
      const bytes = framesOf([[configuration, samples(200)]])
      const { files } = await write(bytes, type)
      const read = await readBack(files[0]!)
      expect(read).toMatchObject({
        station: 'Station A',
        device: '7',
        year: '2013',
        ft: type.toUpperCase(),
        frequency: 50,
        start: '2025-11-29 05:00:00.020000',
        rates: [[50, 200]],
        critical: false,
        quality: ['5', '0'],
        code: ['0', '0'],
        phases: ['', '', '', '', 'F', 'df', ''],
        units: ['V', 'rad', 'A', 'rad', 'Hz', 'Hz/s', ''],
      })
      const names = ['VA.magnitude', 'VA.angle', 'IA.magnitude', 'IA.angle', 'freq', 'dfreq', 'P']
      expect(read.names).toEqual(names.map((name) => `Station A:${name}`))
      const expected = decoded(bytes, configuration)
      expect(expected).toHaveLength(200)
      const largest = read.ranges.map(([least, greatest]) => Math.max(Math.abs(least), Math.abs(greatest)))
      expected.forEach(({ phasors, freq, dfreq, analogs, digitals, stat }, n) => {
        expect(read.time[n]).toBeCloseTo(n / 50, 9)
        const values = [...phasors.flatMap(({ magnitude, angle }) => [magnitude, angle]), freq, dfreq, ...analogs]
        values.forEach((value, at) => {
          const got = read.analog[at]![n]
          if (Number.isNaN(value)) expect([n, at, got]).toEqual([n, at, null])
          else
            expect(Math.abs(got! - value), `${read.names[at]} of ${n}`).toBeLessThanOrEqual(
              Math.max(5e-9 * largest[at]!, 1e-7 * Math.abs(value)),
            )
        })
        const bit = (name: string): number => read.status[read.status_names.indexOf(name)]![n]!
        for (let at = 0; at < 16; at++) expect(bit(`Station A:BIT ${at}`)).toBe((digitals[0]! >> at) & 1)
        expect(bit('Station A:SYNC')).toBe((stat >> 13) & 1)
        expect(bit('TQ_CNT0') + 4 * bit('TQ_CNT2')).toBe(n === 8 ? 5 : 0)
      })
    })
  }

  it.each(['ascii', 'binary32'] as const)('has the times of samples where some are missing: %s', async (type) => {
    const configuration = configurationOf([{ idcode: 7 }])
    const there = samples(100).filter((_, n) => n < 40 || n > 59)
    const { files } = await write(framesOf([[configuration, there]]), type)
    const read = await readBack(files[0]!)
    expect(read).toMatchObject({ critical: true, rates: [[0, 80]] })
    for (const [n, seconds] of read.time.entries()) expect(seconds).toBeCloseTo((there[n]!.timeUs - startUs) / 1e6, 9)
  })

  it('has the times of days, though a time stamp has 32 bits', async () => {
    const configuration = configurationOf([{ idcode: 7 }], { dataRate: 60 })
    const times = Array.from({ length: 30 }, (_, n) => startUs + Math.round((n * 86_400e6 * 2) / 29))
    const { files } = await write(framesOf([[configuration, times.map((timeUs, n) => sample(n, timeUs))]]), 'binary32')
    const { time } = await readBack(files[0]!)
    for (const [n, seconds] of time.entries())
      expect(Math.abs(seconds - (times[n]! - startUs) / 1e6)).toBeLessThan(25e-6)
  })

  it('makes a pair of files for each configuration', async () => {
    const [before, after] = [configurationOf([{ idcode: 7 }]), configurationOf([{ idcode: 7, cfgcnt: 4, analogs: [] }])]
    const all = samples(60)
    const bytes = framesOf([
      [before, all.slice(0, 20)],
      [after, all.slice(20, 40)],
      [before, all.slice(40)],
    ])
    const { files, folder } = await write(bytes, 'ascii', 'event')
    expect(files.map((file) => file.slice(folder.length + 1))).toEqual(['event-1.cfg', 'event-2.cfg'])
    expect((await readBack(files[0]!)).time).toHaveLength(40)
    expect((await readBack(files[1]!)).names).toHaveLength(6)
    expect((await readdir(folder)).toSorted()).toEqual([
      'event-1.cfg',
      'event-1.dat',
      'event-2.cfg',
      'event-2.dat',
      'frames.c37',
    ])
  })

  it('says when the trigger was, and tells stations and bits of one name apart', async () => {
    const pmus = [1, 2].map((idcode) => ({ idcode, stn: 'Twin', phasors: [], analogs: [] }))
    const configuration = configurationOf(pmus, { idcode: 9 })
    const triggered = samples(10).map(({ timeUs }, n) => ({
      timeUs,
      fill: ({ stat }: { stat: Uint16Array }) => {
        stat[1] = n >= 4 ? 0x0801 : 0
      },
    }))
    const { files } = await write(framesOf([[configuration, triggered]]), 'binary32')
    const read = await readBack(files[0]!)
    expect(read).toMatchObject({ station: stream, trigger: '2025-11-29 05:00:00.100000' })
    expect(read.names).toEqual(['Twin:freq', 'Twin:dfreq', 'Twin:freq (2)', 'Twin:dfreq (2)'])
    expect(read.status[read.status_names.indexOf('Twin:PMUTR (2)')]).toEqual([0, 0, 0, 0, 1, 1, 1, 1, 1, 1])
    expect(read.status[read.status_names.indexOf('Twin:TRG1 (2)')]).toEqual([0, 0, 0, 0, 1, 1, 1, 1, 1, 1])
  })

  it('has one sample of each time: the frame that came last, which is the more complete one', async () => {
    const configuration = configurationOf([{ idcode: 7 }])
    const twice = [sample(0), sample(1), { ...sample(9), timeUs: startUs + 20_000 }, sample(2)]
    const { files } = await write(framesOf([[configuration, twice]]), 'ascii')
    const { time, analog } = await readBack(files[0]!)
    expect(time).toHaveLength(3)
    expect(analog[6]).toEqual([0, 9, 2])
  })

  it('has no trigger of a frame that does not count', async () => {
    const configuration = configurationOf([{ idcode: 7 }])
    const trigger = (n: number): Sample => ({
      timeUs: startUs + n * 20_000,
      fill: ({ stat }) => {
        stat[0] = 0x0800
      },
    })
    const { files } = await write(
      framesOf([[configuration, [sample(0), trigger(1), ...samples(5).slice(1), trigger(5)]]]),
      'ascii',
    )
    expect(await readBack(files[0]!)).toMatchObject({ trigger: '2025-11-29 05:00:00.120000' })
  })
})

describe('numbers of COMTRADE', () => {
  it('have at most 13 characters in ASCII, as exact as that lets them be', () => {
    expect([0, 50.012, 133987.37645, -0.0001].map(asciiNumber)).toEqual(['0', '50.012', '133987.37645', '-0.0001'])
    fc.assert(
      fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const text = asciiNumber(value)
        expect(text.length).toBeLessThanOrEqual(13)
        expect(Math.abs(Number(text) - value)).toBeLessThanOrEqual(Math.abs(value) * 1e-5 + 1e-44)
      }),
    )
  })

  it('mark what is absent, and nothing else', () => {
    expect([Number.NaN, Number.POSITIVE_INFINITY, 99_999].map(asciiValue)).toEqual(['99999', '99999', '99999.0'])
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true, min: 1e-30, max: 1e30 }), (value) => {
        const count = countOf(value)
        const raw = binary32(value, count)
        expect(raw).toBeGreaterThan(BINARY32_MISSING)
        expect(Math.abs(raw)).toBeLessThanOrEqual(0x7fffffff)
        expect(Math.abs(raw * count - value)).toBeLessThanOrEqual(value * 3e-9)
      }),
    )
  })
})

describe('a configuration file of COMTRADE', () => {
  it('is as C37.111-2013 has it', async () => {
    const format: Format = { polar: true, phasors: 'float32', analogs: 'float32', freq: 'float32' }
    const configuration = configurationOf([{ idcode: 7, stn: 'Station A', format, digitals: [] }])
    const { files } = await write(framesOf([[configuration, samples(3)]]), 'ascii')
    const lines = (await readFile(files[0]!, 'utf8')).split('\r\n')
    expect(lines.slice(0, 3)).toEqual([
      'Station A,7,2013',
      '30,7A,23D',
      '1,Station A:VA.magnitude,,,V,1,0,0,63500,63502,1,1,P',
    ])
    expect(lines.slice(-11)).toEqual([
      '23,Station A:DTVLD,SF,,0',
      '50',
      '1',
      '50,3',
      '29/11/2025,05:00:00.020000',
      '29/11/2025,05:00:00.020000',
      'ASCII',
      '1',
      '0,0',
      '0,0',
      '',
    ])
  })
})
