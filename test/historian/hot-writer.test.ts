import { mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { HotWriter } from '../../src/historian/hot-writer.ts'
import { storedFrames } from '../../src/historian/reading.ts'
import { Kind } from '../../src/historian/schema.ts'
import { Store } from '../../src/historian/store.ts'
import { testDeps } from '../support/deps.ts'
import { metricSum } from '../support/metric-sum.ts'
import { configurationFrames, frameWriter, smallPmu } from '../support/stream-frames.ts'
import { until } from '../support/until.ts'

const topic = 'area/secondary-station/1/PMU/7'

it('writes on after DuckDB gave up and could not be opened anew at first: nothing is missing, nothing doubled', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'phasorbus-writer-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const { metrics, log } = testDeps()
  const store = await Store.open(folder, { memoryMiB: 256, threads: 1 })
  let tries = 0
  const reopen = async (): Promise<void> => {
    if (++tries > 1) return store.reopen()
    await rename(folder, `${folder}-away`)
    await store.reopen().finally(() => rename(`${folder}-away`, folder))
  }
  const connect = store.connect.bind(store)
  const writer = await HotWriter.open({ connect, reopen }, { metrics, log, historian: 'h', held: () => [] })
  onTestFinished(async () => {
    await writer.close()
    await store.close()
  })
  const configuration = smallPmu()
  const write = frameWriter(configuration)
  const frames = Array.from({ length: 20 }, (_, n) => write(n))
  const add = (from: number, to: number): void => {
    const stream = store.numberOf(topic, writer.batch)
    const epoch = store.epochOf(stream, configurationFrames(configuration), 0, writer.batch)
    for (let n = from; n < to; n++)
      writer.batch.add(stream, epoch.number, configuration.soc * 1e6 + n * 20_000, Kind.live, frames[n]!)
  }
  add(0, 10)
  await writer.flush()
  await store.reader.run("set debug_checkpoint_abort = 'before_header'")
  await expect(store.reader.run('checkpoint')).rejects.toThrow(/^FATAL/)
  add(10, 20)
  await until(async () => (await metricSum(metrics, 'phasorbus_historian_stored_frames_total')) === 20)
  expect(tries).toBe(2)
  expect(await metricSum(metrics, 'phasorbus_historian_write_failing')).toBe(0)
  const found = []
  for await (const { frame } of storedFrames(store, topic, { fromUs: 0, toUs: Number.POSITIVE_INFINITY }))
    found.push(frame)
  expect(Buffer.concat(found)).toEqual(Buffer.concat(frames))
})
