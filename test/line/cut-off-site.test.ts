/**
 * A list of brokers, the site's own and the PoP's: a site that is cut off goes
 * on by itself, and what the center missed meanwhile heals upward.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Judge, type RawPmu, startRawPdc, startRawPmu } from '../../judge/index.ts'
import { startGrid } from '../../src/cli/grid/start-grid.ts'
import { loadGrid } from '../../src/config/load-grid.ts'
import { startMosquitto, type TestBroker } from '../support/brokers.ts'
import { type TestDeps, testDeps } from '../support/deps.ts'
import { blueFrame, bluePmu, every20ms, timeOf } from '../support/live-frames.ts'
import { metricSum } from '../support/metric-sum.ts'
import { needs } from '../support/needs.ts'
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts'
import { until } from '../support/until.ts'
import { Watched } from '../support/watched.ts'

const idcodes = [7, 8]
const need = needs('mosquitto')
const whole = { lost: 0, duplicated: 0, differing: 0 }

describe.skipIf(need.skip)(need.title('a site whose PoP is away'), () => {
  let brokers: { readonly site: TestBroker; readonly pop: TestBroker }
  /** The site's way to the PoP. */
  let uplink: TcpProxy
  let pmu: RawPmu
  let folder: string
  let ends: TestDeps[]
  beforeEach(async () => {
    const [site, pop] = await Promise.all([startMosquitto(), startMosquitto()])
    brokers = { site, pop }
    uplink = await startTcpProxy(pop.url)
    pmu = await startRawPmu({ configuration: idcodes.map(bluePmu) })
    folder = await mkdtemp(join(tmpdir(), 'phasorbus-cut-off-'))
    ends = []
  })
  afterEach(async () => {
    await Promise.all(ends.map((deps) => deps[Symbol.asyncDispose]()))
    await Promise.all([pmu.close(), uplink[Symbol.asyncDispose]()])
    await Promise.all([brokers.site, brokers.pop].map((broker) => broker[Symbol.asyncDispose]()))
    await rm(folder, { recursive: true })
  })

  /** A process of one site with a PDC-adapter, and PDCs that read all streams there, with data on. */
  const start = async (broker: readonly string[], site: { readonly location: string; readonly pmus?: object[] }) => {
    const deps = testDeps()
    ends.push(deps)
    const pdcAdapter = { listen: 'tcp://127.0.0.1:0', streams: 'area/secondary-station/1/PMU/#' }
    const text = JSON.stringify({
      area: 'area',
      broker,
      // A machine that stands still for a moment skips no frame: what the cut does is asked here.
      live: { windowMs: 5000 },
      sites: [{ ...site, pdcAdapters: [pdcAdapter] }],
    })
    const { grid } = await loadGrid(`${site.location}.yaml`, { text, stateFolder: folder })
    const { pdcAdapters } = deps.stops(await startGrid(grid, deps))
    const judge = new Judge()
    const seen = new Watched()
    const readMs: number[] = []
    for (const idcode of idcodes) {
      startRawPdc({
        host: '127.0.0.1',
        port: pdcAdapters[0]!.addresses[0]!.port,
        idcode,
        signal: deps.signal,
        onData(frame) {
          judge.read(`${idcode}`, frame)
          readMs.push(timeOf(frame))
          seen.changed()
        },
      })
    }
    const turnedOn = { command: 'data-on' }
    return {
      signal: deps.signal,
      judge,
      /** The times of the frames that its PDCs read. */
      readMs,
      on: () =>
        until(
          async () => (await metricSum(deps.metrics, 'phasorbus_serve_commands_total', turnedOn)) >= idcodes.length,
        ),
      /** Resolves when its PDCs have read a frame that was measured after this. */
      readsPast: (atMs: number) => seen.until(() => readMs.some((one) => one > atMs)),
      readsAll: () => seen.until(() => judge.underWay === 0),
      accounted: (as?: 'live' | 'late') =>
        metricSum(deps.metrics, 'phasorbus_account_frames', as === undefined ? {} : { as }),
    }
  }

  interface Outage {
    begin(): void
    end(): void | Promise<void>
  }

  it.each<[string, Outage]>([
    [
      'its way there is cut',
      {
        begin() {
          uplink.stall()
          uplink.cut()
        },
        end: () => uplink.resume(),
      },
    ],
    [
      'the broker there is killed',
      {
        begin: () => void process.kill(brokers.pop.pid, 'SIGKILL'),
        end: () => brokers.pop.restart(),
      },
    ],
  ])('goes on by itself while %s, and the center has every frame once afterwards', async (_what, outage) => {
    const source = `tcp://127.0.0.1:${pmu.port}`
    const pmus = idcodes.map((idcode) => ({ id: `${idcode}`, idcode, source, ask: [] }))
    const site = await start([brokers.site.url, uplink.url], { location: 'secondary-station/1', pmus })
    const center = await start([brokers.pop.url], { location: 'control-center/1' })
    await Promise.all([pmu.on, site.on(), center.on()])

    let sent = 0
    const sending = every20ms((atMs) => {
      for (const idcode of idcodes) {
        const frame = blueFrame(idcode, atMs)
        for (const { judge } of [site, center]) judge.wrote(`${idcode}`, frame)
        pmu.send(frame)
        sent++
      }
    })
    site.signal.addEventListener('abort', () => sending.stop())
    const bothReadPast = (atMs: number) => Promise.all([site.readsPast(atMs), center.readsPast(atMs)])

    await bothReadPast(Date.now() + 1000)
    const goneMs = Date.now()
    outage.begin()
    await site.readsPast(goneMs + 4000)
    // What was under way then came; nothing that was measured later.
    expect(center.readMs.filter((atMs) => atMs > goneMs + 20)).toEqual([])
    await outage.end()
    await bothReadPast(Date.now() + 1000)
    sending.stop()
    await Promise.all([site.readsAll(), center.readsAll()])

    expect(site.judge.verdict()).toMatchObject({ ...whole, reordered: 0 })
    await until(async () => (await site.accounted()) === sent)
    expect(await site.accounted('live')).toBe(sent)
    expect(center.judge.verdict()).toMatchObject(whole)
    await until(async () => (await center.accounted()) === sent)
    expect(await center.accounted('late')).toBeGreaterThanOrEqual((4000 / 20) * idcodes.length)
  })
})
