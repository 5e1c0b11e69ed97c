import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it, onTestFinished } from 'vitest'
import {
  compileDecoder,
  compileEncoder,
  encodeConfiguration,
  type Format,
  frameTimeOf,
} from '../../src/c37118/index.ts'
import { HotWriter } from '../../src/historian/hot-writer.ts'
import { Kind } from '../../src/historian/schema.ts'
import { Sealer } from '../../src/historian/sealer.ts'
import { Store } from '../../src/historian/store.ts'
import { configurationOf } from '../pdc/configurations.ts'
import { testDeps } from '../support/deps.ts'
import { codeBlocks } from '../support/doc-code.ts'
import { needs } from '../support/needs.ts'

const python = process.env.PHASORBUS_PYTHON ?? 'python3'
const need = needs('python:pyarrow')
const startUs = 1_699_999_200_000_000
const sealing = { log: testDeps().log, historian: 'h' }
const topic = 'area/secondary-station/1/PMU/7'
const formats: readonly Format[] = [
  { polar: true, phasors: 'int16', analogs: 'int16', freq: 'int16' },
  { polar: false, phasors: 'float32', analogs: 'float32', freq: 'float32' },
]

describe.skipIf(need.skip)(need.title('the reader in docs/historian.md'), () => {
  it.each(formats)('reads a sealed file without a C37.118 library: %j', async (format) => {
    const folder = await mkdtemp(join(tmpdir(), 'phasorbus-parquet-'))
    onTestFinished(() => rm(folder, { recursive: true, force: true }))
    const store = await Store.open(folder, { memoryMiB: 256, threads: 1 })
    const held = () => [{ stream: 1, ledger: Uint8Array.of(0) }]
    const writer = await HotWriter.open(store, { ...testDeps(), historian: 'h', held })
    const configuration = configurationOf([{ idcode: 7, format }])
    const encoder = compileEncoder(configuration)
    const columns = encoder.createColumns()
    const stream = store.numberOf(topic, writer.batch)
    const epoch = store.epochOf(stream, encodeConfiguration(configuration), startUs, writer.batch)
    const frames = Array.from({ length: 100 }, (_, n) => {
      const timeUs = startUs + n * 20_000
      Object.assign(columns, frameTimeOf(timeUs, configuration.timeBase))
      columns.phasors.set([1000 + n, n / 100, n === 50 ? Number.NaN : 5, n === 50 ? Number.NaN : 0.5])
      columns.freq[0] = 50 + n / 1000
      columns.dfreq[0] = -n / 100
      columns.analogs[0] = n
      columns.digitals[0] = n
      const frame = encoder.encode(columns)
      writer.batch.add(stream, epoch.number, timeUs, Kind.live, frame)
      return frame
    })
    await writer.flush()
    const sealer = await Sealer.open(store, sealing)
    await sealer.seal(startUs + 3_600_000_000)
    await writer.close()
    sealer.close()
    await store.close()

    const script = join(folder, 'read.py')
    await writeFile(script, codeBlocks('historian.md', 'python')[0]!)
    const { stdout } = await promisify(execFile)(python, [script, join(folder, store.segments[0]!.path)])
    const [head, ...rows] = stdout.trim().split('\r\n')
    const parts = format.polar ? ['magnitude V', 'angle rad'] : ['re V', 'im V']
    expect(head!.split(',').slice(0, 4)).toEqual(['time', '1.stat', ...parts.map((part) => `1.VA.${part}`)])
    const decoder = compileDecoder(configuration)
    expect(rows.length).toBe(frames.length)
    rows.forEach((row, n) => {
      const [time, ...cells] = row.split(',')
      expect(Date.parse(`${time}Z`)).toBe(startUs / 1000 + 20 * n)
      const { stat, phasors, freq, dfreq, analogs, digitals } = decoder.decode(frames[n]!).pmus[0]!
      const both = phasors.flatMap(({ re, im, magnitude, angle }) => (format.polar ? [magnitude, angle] : [re, im]))
      const values = [stat, ...both, freq, dfreq, ...analogs, ...digitals]
      values.forEach((value, at) => {
        if (Number.isNaN(value)) expect(cells[at]).toMatch(/^$|^0\.0$/)
        else expect(Number(cells[at])).toBeCloseTo(value, 6)
      })
    })
  })
})
