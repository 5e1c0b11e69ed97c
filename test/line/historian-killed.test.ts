/**
 * A historian in a process of its own, killed (-9) again and again: every frame is
 * in its store in the end, once, and what is not there is said to be never produced.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { freePort } from '../../bench/support/free-port.ts'
import { startRawPmu } from '../../judge/index.ts'
import { Store, storedFrames } from '../../src/historian/index.ts'
import { DescribedApi } from '../api/described.ts'
import { startMosquitto } from '../support/brokers.ts'
import { type RunningCli, startGridCli } from '../support/cli.ts'
import { blueFrame, bluePmu, every20ms } from '../support/live-frames.ts'
import { metricSum } from '../support/metric-sum.ts'
import { needs } from '../support/needs.ts'
import { until } from '../support/until.ts'
import { Watched } from '../support/watched.ts'

const idcodes = [1, 2, 3]
/** One of them leaves out a frame now and then. */
const isProduced = (idcode: number, n: number): boolean => idcode !== 3 || n % 40 !== 7
const need = needs('mosquitto')

describe.skipIf(need.skip)(need.title('a historian that is killed'), () => {
  it('has every frame once in the end, byte for byte', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'phasorbus-historian-killed-'))
    const stop = new AbortController()
    const running: RunningCli[] = []
    const mosquitto = await startMosquitto()
    const pmu = await startRawPmu({ configuration: idcodes.map(bluePmu) })
    const [metricsPort, apiPort] = [await freePort(), await freePort()]
    const pmus = idcodes.map((idcode) => ({ id: `${idcode}`, idcode, source: `tcp://127.0.0.1:${pmu.port}`, ask: [] }))
    const start = async (name: string, grid: object): Promise<RunningCli> => {
      const whole = { area: 'area', broker: mosquitto.url, state: join(folder, name), ...grid }
      const cli = await startGridCli(join(folder, `${name}.yaml`), whole, stop.signal)
      running.push(cli)
      return cli
    }
    const startHistory = (): Promise<RunningCli> =>
      start('history', {
        metrics: { listen: `127.0.0.1:${metricsPort}` },
        sites: [{ location: 'archive/1', historians: [{ id: 'history', api: { listen: `127.0.0.1:${apiPort}` } }] }],
      })
    const metrics = { expose: async () => (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text() }
    const stored = (): Promise<number> => metricSum(metrics, 'phasorbus_historian_stored_frames_total')
    try {
      await start('pmus', { sites: [{ location: 'secondary-station/1', node: 'pmus', pmus }] })
      let history = await startHistory()
      await pmu.on
      const sent: number[] = []
      const ticks = new Watched()
      const sending = every20ms((atMs) => {
        for (const idcode of idcodes) if (isProduced(idcode, sent.length)) pmu.send(blueFrame(idcode, atMs))
        sent.push(atMs)
        ticks.changed()
      })
      await until(async () => (await stored()) > 50)
      const from = sent.length
      for (const frames of [70, 41, 133]) {
        await ticks.until(() => sent.length >= from + frames)
        history.child.kill('SIGKILL')
        await history.ended
        history = await startHistory()
      }
      const until3 = sent.length + 100
      await ticks.until(() => sent.length >= until3 && idcodes.every((idcode) => isProduced(idcode, sent.length - 1)))
      sending.stop()
      const numbers = sent.map((_, n) => n).slice(from)
      const produced = idcodes.map((idcode) => numbers.filter((n) => isProduced(idcode, n)))
      const api = await DescribedApi.at(`http://127.0.0.1:${apiPort}`)
      const span = `from=${(sent[from]! - 10) * 1000}&to=${(sent.at(-1)! + 10) * 1000}`
      for (const [at, idcode] of idcodes.entries()) {
        const ask = `completeness?stream=area/secondary-station/1/PMU/${idcode}&${span}`
        let found: { readonly expected: number; readonly pending: number; readonly gaps: readonly object[] } | undefined
        await until(async () => {
          const answer = await api.get(ask)
          // Or he asks too often.
          if (answer.ok) found = (await answer.json()) as typeof found
          return found?.expected === numbers.length && found.pending === 0
        })
        const never_produced = numbers.length - produced[at]!.length
        const none = { not_received: 0, lost: 0, pending: 0 }
        expect(found).toMatchObject({ held: produced[at]!.length, never_produced, ...none })
        expect(found!.gaps.length).toBe(never_produced)
      }
      history.child.kill('SIGTERM')
      await history.ended

      const store = await Store.open(join(folder, 'history/area/archive/1/phasorbus/history'), {
        memoryMiB: 256,
        threads: 1,
      })
      for (const [at, idcode] of idcodes.entries()) {
        const found: Uint8Array[] = []
        const period = { fromUs: (sent[from]! - 10) * 1000, toUs: Number.POSITIVE_INFINITY }
        for await (const { frame } of storedFrames(store, `area/secondary-station/1/PMU/${idcode}`, period))
          found.push(frame)
        const expected = produced[at]!.map((n) => blueFrame(idcode, sent[n]!))
        expect(found.length).toBe(expected.length)
        expect(Buffer.concat(found)).toEqual(Buffer.concat(expected))
      }
      await store.close()
    } finally {
      stop.abort()
      await Promise.all(running.map(({ ended }) => ended))
      await pmu.close()
      await mosquitto[Symbol.asyncDispose]()
      await rm(folder, { recursive: true })
    }
  }, 90_000)
})
