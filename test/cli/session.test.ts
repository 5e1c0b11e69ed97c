/** `recovery: session`, as `phasorbus run` does it: for a publisher that has no journal. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectAsync } from 'mqtt'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort } from '../../bench/support/free-port.ts'
import { startRawPdc } from '../../judge/index.ts'
import { startMosquitto } from '../support/brokers.ts'
import { type RunningCli, startCli } from '../support/cli.ts'
import { blueFrame, bluePmu } from '../support/live-frames.ts'
import { metricSum } from '../support/metric-sum.ts'
import { needs } from '../support/needs.ts'
import { until } from '../support/until.ts'
import { Watched } from '../support/watched.ts'

const need = needs('mosquitto')
const IDCODE = 7
const STREAM = `area/secondary-station/1/PMU/${IDCODE}`
const hexOf = (frame: Uint8Array): string => Buffer.from(frame).toString('hex')

describe.skipIf(need.skip)(need.title('phasorbus run with recovery: session'), () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'phasorbus-session-'))
  })
  afterAll(() => rm(folder, { recursive: true }))

  it('gives a PDC what a plain publisher sent while it was down', async () => {
    const stop = new AbortController()
    const lines = ['persistence true', `persistence_location ${folder}/`]
    await using mosquitto = await startMosquitto({ lines })
    const publisher = await connectAsync(mosquitto.url)
    const [pdcPort, metricsPort] = await Promise.all([freePort(), freePort()])
    const adapter = {
      id: 'far',
      listen: `tcp://127.0.0.1:${pdcPort}`,
      streams: 'area/secondary-station/1/PMU/#',
      recovery: { mode: 'session' },
    }
    const grid = {
      area: 'area',
      broker: mosquitto.url,
      state: join(folder, 'state'),
      metrics: { listen: `127.0.0.1:${metricsPort}` },
      sites: [{ location: 'control-center/1', pdcAdapters: [adapter] }],
    }
    const file = join(folder, 'grid.yaml')
    await writeFile(file, JSON.stringify(grid))
    const start = async (): Promise<RunningCli> => {
      const cli = startCli(['run', file], { signal: stop.signal })
      await cli.sees(/"msg":"ready"/, 'stderr')
      return cli
    }
    const scraped = { expose: async () => (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text() }
    const isOn = (): Promise<void> =>
      until(async () => (await metricSum(scraped, 'phasorbus_serve_commands_total', { command: 'data-on' })) >= 1)

    const sent: string[] = []
    let slot = Math.floor(Date.now() / 20)
    const publish = async (frames: number): Promise<void> => {
      for (let n = 0; n < frames; n++) {
        const frame = blueFrame(IDCODE, slot++ * 20)
        sent.push(hexOf(frame))
        await publisher.publishAsync(STREAM, Buffer.from(frame), { qos: 1 })
      }
    }
    const read: string[] = []
    const heard = new Watched()
    const readAll = (): Promise<void> => heard.until(() => read.length >= sent.length)

    let cli = await start()
    try {
      await publisher.publishAsync(STREAM, Buffer.from(bluePmu(IDCODE)), { qos: 1, retain: true })
      startRawPdc({
        host: '127.0.0.1',
        port: pdcPort,
        idcode: IDCODE,
        signal: stop.signal,
        onData(frame) {
          read.push(hexOf(frame))
          heard.changed()
        },
      })
      await isOn()
      await publish(25)
      await readAll()
      cli.child.kill('SIGTERM')
      await cli.ended
      await publish(50)
      cli = await start()
      await isOn()
      await publish(25)
      await readAll()
      expect(read.toSorted()).toEqual(sent.toSorted())
      await until(async () => (await metricSum(scraped, 'phasorbus_account_frames', { as: 'late' })) >= 1)
    } finally {
      stop.abort()
      await Promise.all([cli.ended, publisher.endAsync(true)])
    }
  }, 60_000)
})
