/** PMUs, their adapter, a broker, a PDC and an archive of what it says: adapter and PDC in processes of their own. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type RawPmu, startRawPmu } from '../../judge/index.ts'
import { BrokerConfig, startBus } from '../../src/bus/index.ts'
import { type Archive, archiveOf } from '../pdc/archive.ts'
import { startMosquitto, type TestBroker } from '../support/brokers.ts'
import { type RunningCli, startGridCli } from '../support/cli.ts'
import { testDeps } from '../support/deps.ts'
import { bluePmu, every20ms } from '../support/live-frames.ts'
import { Watched } from '../support/watched.ts'

export interface PdcLine extends AsyncDisposable {
  readonly mosquitto: TestBroker
  readonly pmu: RawPmu
  readonly archive: Archive
  /** When frames were due, in µs since the UNIX epoch. */
  readonly sentUs: readonly number[]
  /** Calls it every 20 ms, with ms since the UNIX epoch, until stopped. */
  sending(tick: (atMs: number) => void): { stop(): void }
  /** Resolves when so many more were sent. */
  frames(count: number): Promise<void>
  kill(name: 'pmus' | 'pdc'): Promise<void>
  start(name: 'pmus' | 'pdc'): Promise<void>
}

export const topic = 'area/station/1/PDC/1'

export async function startPdcLine(idcodes: readonly number[]): Promise<PdcLine> {
  const folder = await mkdtemp(join(tmpdir(), 'phasorbus-pdc-line-'))
  const stop = new AbortController()
  const running = new Map<string, RunningCli>()
  const mosquitto = await startMosquitto()
  const pmu = await startRawPmu({ configuration: idcodes.map(bluePmu) })
  const deps = testDeps()
  const dispose = async (): Promise<void> => {
    stop.abort()
    await Promise.all([...running.values()].map(({ ended }) => ended))
    await deps[Symbol.asyncDispose]()
    await pmu.close()
    await mosquitto[Symbol.asyncDispose]()
    await rm(folder, { recursive: true })
  }
  const pmus = idcodes.map((idcode) => ({ id: `${idcode}`, idcode, source: `tcp://127.0.0.1:${pmu.port}`, ask: [] }))
  const outputs = [{ id: 1, idcode: 100, dataRate: 50, wait: 200, settleMs: 200 }]
  const site = { location: 'station/1' }
  const sites = {
    pmus: [{ ...site, node: 'pmus', pmus }],
    pdc: [{ ...site, node: 'pdc', pdcs: [{ outputs }] }],
  }
  const start = async (name: 'pmus' | 'pdc'): Promise<void> => {
    const grid = { area: 'area', broker: mosquitto.url, state: join(folder, name), sites: sites[name] }
    running.set(name, await startGridCli(join(folder, `${name}.yaml`), grid, stop.signal))
  }
  const busOf = (nodeId: string) =>
    deps.stops(
      startBus(BrokerConfig.parse({ url: mosquitto.url }), {
        ...deps,
        node: { area: 'area', locationType: 'archive', locationId: '1', nodeId, streams: [] },
      }),
    )
  try {
    await Promise.all([start('pmus'), start('pdc')])
    await pmu.on
    const archive = archiveOf(deps, topic, { bus: busOf('archive'), replayBus: busOf('pull') })
    const sentUs: number[] = []
    const ticks = new Watched()
    return {
      mosquitto,
      pmu,
      archive,
      sentUs,
      sending: (tick) =>
        every20ms((atMs) => {
          tick(atMs)
          sentUs.push(atMs * 1000)
          ticks.changed()
        }),
      frames(count) {
        const last = sentUs.length + count
        return ticks.until(() => sentUs.length >= last)
      },
      async kill(name) {
        running.get(name)!.child.kill('SIGKILL')
        await running.get(name)!.ended
      },
      start,
      [Symbol.asyncDispose]: dispose,
    }
  } catch (error) {
    await dispose()
    throw error
  }
}
