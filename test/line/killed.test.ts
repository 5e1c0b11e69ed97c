/**
 * `phasorbus run`, killed (-9) in mid-stream and started again: what its
 * journals and its record of what PDCs got are for.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort } from '../../bench/support/free-port.ts'
import { Judge, startRawPdc, startRawPmu } from '../../judge/index.ts'
import { startMosquitto, type TestBroker } from '../support/brokers.ts'
import { type RunningCli, startGridCli } from '../support/cli.ts'
import { blueFrame, bluePmu, every20ms } from '../support/live-frames.ts'
import { metricSum } from '../support/metric-sum.ts'
import { needs } from '../support/needs.ts'
import { until } from '../support/until.ts'
import { Watched } from '../support/watched.ts'

const idcodes = [1, 2, 3, 4, 5]
const need = needs('mosquitto')
/** Frames are noted and leave within a turn of the event loop. */
const IN_SOCKET_MS = 100

describe.skipIf(need.skip)(need.title('processes that are killed'), () => {
  let mosquitto: TestBroker
  let folder: string
  beforeAll(async () => {
    mosquitto = await startMosquitto()
    folder = await mkdtemp(join(tmpdir(), 'phasorbus-killed-'))
  })
  afterAll(async () => {
    await mosquitto[Symbol.asyncDispose]()
    await rm(folder, { recursive: true })
  })

  it('lose nothing: PDC-adapter and either of two PMU-adapters, one after the other', async () => {
    const stop = new AbortController()
    const running = new Map<string, RunningCli>()
    const [pdcPort, metricsPort] = await Promise.all([freePort(), freePort()])
    const pmu = await startRawPmu({ configuration: idcodes.map(bluePmu) })
    const judge = new Judge()
    const read = new Watched()
    /** Frames that are to be read last, one a stream. */
    const last = new Set<string>()
    /** When the PDC-adapter was killed. */
    const cuts: number[] = []

    const pmus = idcodes.map((idcode) => ({ id: `${idcode}`, idcode, source: `tcp://127.0.0.1:${pmu.port}`, ask: [] }))
    const far = {
      location: 'control-center/1',
      pdcAdapters: [{ id: 'far', listen: `tcp://127.0.0.1:${pdcPort}`, streams: 'area/secondary-station/1/PMU/#' }],
    }
    const grids: Readonly<Record<string, object>> = {
      one: { sites: [{ location: 'secondary-station/1', node: 'one', pmus }] },
      two: { sites: [{ location: 'secondary-station/1', node: 'two', pmus }] },
      far: { metrics: { listen: `127.0.0.1:${metricsPort}` }, sites: [far] },
    }
    const start = async (name: string): Promise<void> => {
      const grid = { area: 'area', broker: mosquitto.url, state: join(folder, name), ...grids[name] }
      running.set(name, await startGridCli(join(folder, `${name}.yaml`), grid, stop.signal))
    }
    const kill = async (name: string): Promise<void> => {
      const cli = running.get(name)!
      cli.child.kill('SIGKILL')
      await cli.ended
    }
    const listening = (adapters: number): Promise<void> => until(() => pmu.listeners === adapters * idcodes.length)

    try {
      await Promise.all(['one', 'two', 'far'].map(start))
      await listening(2)
      let turnedOn = 0
      for (const idcode of idcodes) {
        startRawPdc({
          host: '127.0.0.1',
          port: pdcPort,
          idcode,
          signal: stop.signal,
          onConfiguration: () => void turnedOn++,
          onData(frame) {
            judge.read(`${idcode}`, frame)
            last.delete(Buffer.from(frame).toString('hex'))
            read.changed()
          },
        })
      }
      await until(() => turnedOn === idcodes.length)
      const scraped = {
        expose: async () => (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text(),
      }
      await until(async () => (await metricSum(scraped, 'phasorbus_serve_commands_total', { command: 'data-on' })) >= 5)

      let sent = 0
      let lastMs = 0
      const ticks = new Watched()
      const sending = every20ms((atMs) => {
        sent++
        lastMs = atMs
        for (const idcode of idcodes) {
          const frame = blueFrame(idcode, atMs)
          judge.wrote(`${idcode}`, frame, performance.now())
          pmu.send(frame)
        }
        ticks.changed()
      })
      const frames = (count: number): Promise<void> => {
        const last = sent + count
        return ticks.until(() => sent >= last)
      }

      await frames(50)
      for (const [name, adapters] of [
        ['far', 2],
        ['one', 1],
        ['far', 2],
        ['two', 1],
      ] as const) {
        if (name === 'far') cuts.push(performance.now())
        await kill(name)
        await frames(25)
        if (adapters === 1) expect(pmu.listeners).toBe(idcodes.length)
        await start(name)
        await listening(2)
        await frames(25)
      }
      sending.stop()
      // Of every timestamp of every run, over the restarts.
      const all = sent * idcodes.length
      await until(async () => (await metricSum(scraped, 'phasorbus_account_frames')) === all)
      for (const idcode of idcodes) {
        const frame = blueFrame(idcode, lastMs + 20)
        judge.wrote(`${idcode}`, frame)
        last.add(Buffer.from(frame).toString('hex'))
        pmu.send(frame)
      }
      await read.until(() => last.size === 0)

      // What was noted as given when the PDC-adapter was killed, and had not left: nobody can know of it.
      const isInSocket = (atMs = 0): boolean => cuts.some((cutMs) => atMs > cutMs - IN_SOCKET_MS && atMs <= cutMs)
      expect([...judge.missing()].filter(({ atMs }) => !isInSocket(atMs))).toEqual([])
      const { differing, duplicated } = judge.verdict()
      expect({ differing, duplicated }).toEqual({ differing: 0, duplicated: 0 })
      expect(await metricSum(scraped, 'phasorbus_account_conflicts_total')).toBe(0)
    } finally {
      stop.abort()
      await Promise.all([...running.values()].map(({ ended }) => ended))
      await pmu.close()
    }
  }, 90_000)
})
