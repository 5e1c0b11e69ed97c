import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { csvFrames } from '../../../src/cli/historian/export-file.ts'
import { writeParquet } from '../../../src/cli/historian/parquet-file.ts'
import type { NamedChannel } from '../../../src/cli/historian/value-reader.ts'
import { channelsOf, FrameTable } from '../../../src/historian/index.ts'
import { configurationOf } from '../../pdc/configurations.ts'
import { needs } from '../../support/needs.ts'
import { framesFile, framesOf, temporaryFolder } from './frames-file.ts'

const python = process.env.PHASORBUS_PYTHON ?? 'python3'
const need = needs('python:pyarrow')
const startUs = 1_764_392_400_020_001

const READER = `
import json, sys
import pyarrow.parquet as pq
f = pq.ParquetFile(sys.argv[1])
t = f.read()
print(json.dumps(dict(
  names=t.column_names, types=[str(c.type) for c in t.schema],
  meta={k.decode(): v.decode() for k, v in f.metadata.metadata.items() if k.startswith(b'phasorbus')},
  time=t['time'].cast('int64').to_pylist(), rows=[t[c].to_pylist() for c in t.column_names[1:]])))
`

describe.skipIf(need.skip)(need.title('Parquet of frames'), () => {
  it('has a row for each frame: what CSV has, with types', async () => {
    const before = configurationOf([{ idcode: 7 }])
    const after = configurationOf([{ idcode: 7, cfgcnt: 4, analogs: [{ name: 'va.MAGNITUDE', type: 1, scale: 1 }] }])
    const of = (n: number) => ({
      timeUs: startUs + n * 20_000,
      fill: ({
        stat,
        phasors,
        freq,
        digitals,
      }: Record<'stat' | 'phasors' | 'freq' | 'digitals', { [at: number]: number }>) => {
        stat[0] = n % 7 === 0 ? 0x8000 : 0
        phasors[0] = n === 5 ? Number.NaN : 63_000 + n
        phasors[1] = n === 5 ? Number.NaN : -n
        freq[0] = 50 + n / 1000
        digitals[0] = n
      },
    })
    const rows = Array.from({ length: 3000 }, (_, n) => of(n))
    const bytes = framesOf([
      [before, rows.slice(0, 2000)],
      [after, rows.slice(2000)],
    ])
    const ids = new Map<string, NamedChannel>()
    for (const configuration of [before, after])
      for (const channel of channelsOf(new FrameTable(configuration))) ids.set(channel.id, channel)
    const channels = [...ids.values()].map(({ id, unit }) => ({ id, unit }))
    const folder = await temporaryFolder()
    const frames = await framesFile(folder, bytes)
    const output = join(folder, 'pmu.parquet')
    const read: number[] = []
    const of7 = { stream: 'a/b/c/PMU/7', channels, frames, output }
    await writeParquet(of7, (at) => read.push(at), new AbortController().signal)
    expect(read.at(-1)).toBe(bytes.length)
    expect((await readdir(folder)).toSorted()).toEqual(['frames.c37', 'pmu.parquet'])

    const { stdout } = await promisify(execFile)(python, ['-c', READER, output], { maxBuffer: 1 << 28 })
    const table = JSON.parse(stdout)
    const names = channels.map(({ id }) => (id === '1.va.MAGNITUDE' ? '1.va.MAGNITUDE (2)' : id))
    expect(table.names).toEqual(['time', ...names])
    expect(table.types[0]).toBe('timestamp[us, tz=UTC]')
    expect(table.types.slice(1)).toEqual(names.map((name) => (/stat|digital/.test(name) ? 'uint16' : 'double')))
    expect(table.meta['phasorbus.stream']).toBe('a/b/c/PMU/7')
    expect(JSON.parse(table.meta['phasorbus.columns'])).toEqual(
      channels.map(({ unit }, n) => ({ name: names[n], unit })),
    )
    const csv = Buffer.from(csvFrames(channels).bytes(await readFile(frames)))
      .toString()
      .trim()
      .split('\n')
    expect(table.time).toHaveLength(csv.length)
    csv.forEach((line, n) => {
      const cells = line.split(',').slice(1)
      expect(table.time[n]).toBe(startUs + n * 20_000)
      expect(table.rows.map((column: (number | null)[]) => column[n])).toEqual(
        cells.map((cell) => (cell === '' ? null : Number(cell))),
      )
    })
  })

  it('leaves nothing where it is ended', async () => {
    const folder = await temporaryFolder()
    const frames = await framesFile(folder, framesOf([[configurationOf([{ idcode: 7 }]), []]]))
    const output = join(folder, 'pmu.parquet')
    const of = { stream: 'a/b/c/PMU/7', channels: [{ id: '1.freq', unit: 'Hz' }], frames, output }
    await expect(writeParquet(of, () => {}, AbortSignal.abort())).rejects.toThrow()
    expect(await readdir(folder)).toEqual(['frames.c37'])
  })
})
