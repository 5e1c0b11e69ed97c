/**
 * A PDC in a process of its own, killed (-9) and started again, and its broker
 * taken away: what it could not say in time it says later, and archives have it.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { startRawPmu } from '../../judge/index.ts'
import { BrokerConfig, startBus } from '../../src/bus/index.ts'
import { accountedFor } from '../../src/streams/index.ts'
import { archiveOf } from '../pdc/archive.ts'
import { startMosquitto } from '../support/brokers.ts'
import { type RunningCli, startGridCli } from '../support/cli.ts'
import { testDeps } from '../support/deps.ts'
import { blueFrame, bluePmu, every20ms } from '../support/live-frames.ts'
import { needs } from '../support/needs.ts'
import { until } from '../support/until.ts'
import { Watched } from '../support/watched.ts'

const idcodes = [1, 2, 3]
const need = needs('mosquitto')

describe.skipIf(need.skip)(need.title('a PDC that is killed, and one whose broker is away'), () => {
  it('has said every instant in the end, with all PMUs', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'phasorbus-pdc-killed-'))
    const stop = new AbortController()
    const running = new Map<string, RunningCli>()
    const mosquitto = await startMosquitto()
    const pmu = await startRawPmu({ configuration: idcodes.map(bluePmu) })
    const pmus = idcodes.map((idcode) => ({ id: `${idcode}`, idcode, source: `tcp://127.0.0.1:${pmu.port}`, ask: [] }))
    const grids: Readonly<Record<string, object>> = {
      pmus: { sites: [{ location: 'station/1', node: 'pmus', pmus }] },
      pdc: {
        sites: [
          {
            location: 'station/1',
            node: 'pdc',
            pdcs: [{ outputs: [{ id: 1, idcode: 100, dataRate: 50, wait: 200, settleMs: 200 }] }],
          },
        ],
      },
    }
    const start = async (name: string): Promise<void> => {
      const grid = { area: 'area', broker: mosquitto.url, state: join(folder, name), ...grids[name] }
      running.set(name, await startGridCli(join(folder, `${name}.yaml`), grid, stop.signal))
    }
    try {
      await using deps = testDeps()
      await Promise.all(['pmus', 'pdc'].map(start))
      await pmu.on
      const busOf = (nodeId: string) =>
        deps.stops(
          startBus(BrokerConfig.parse({ url: mosquitto.url }), {
            ...deps,
            node: { area: 'area', locationType: 'archive', locationId: '1', nodeId, streams: [] },
          }),
        )
      const archive = archiveOf(deps, 'area/station/1/PDC/1', { bus: busOf('archive'), replayBus: busOf('pull') })
      const sentUs: number[] = []
      const ticks = new Watched()
      const sending = every20ms((atMs) => {
        for (const idcode of idcodes) pmu.send(blueFrame(idcode, atMs))
        sentUs.push(atMs * 1000)
        ticks.changed()
      })
      const frames = (count: number): Promise<void> => {
        const last = sentUs.length + count
        return ticks.until(() => sentUs.length >= last)
      }
      await until(() => [...archive.present.values()].filter((pmus) => pmus === 3).length > 50)
      const from = sentUs.length

      running.get('pdc')!.child.kill('SIGKILL')
      await running.get('pdc')!.ended
      await frames(50)
      await start('pdc')
      await frames(100)
      await mosquitto.restart()
      await frames(150)
      sending.stop()

      // Frames are sent with FRACSEC cut off: by its nearest instant each is known.
      const lacking = (): number[] => sentUs.slice(from).filter((us) => archive.present.get(us) !== idcodes.length)
      await until(() => lacking().length === 0)
      const account = archive.account!
      expect(accountedFor(account)).toBe(account.expected)
      expect(account.pending).toBe(0)
    } finally {
      stop.abort()
      await Promise.all([...running.values()].map(({ ended }) => ended))
      await pmu.close()
      await mosquitto[Symbol.asyncDispose]()
      await rm(folder, { recursive: true })
    }
  }, 90_000)
})
