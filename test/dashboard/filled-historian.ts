/** A historian that has known frames of two PMUs, with its API and the dashboard. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inject, onTestFinished } from 'vitest'
import { startApi, Tokens } from '../../src/api/index.ts'
import { type Configuration, compileEncoder, encodeConfiguration } from '../../src/c37118/index.ts'
import { RecoverySettings } from '../../src/config/recovery.ts'
import { HotWriter } from '../../src/historian/hot-writer.ts'
import { Store, startHistorian } from '../../src/historian/index.ts'
import { Kind } from '../../src/historian/schema.ts'
import type { TestDeps } from '../support/deps.ts'
import { JournaledStreams } from '../support/journaled-streams.ts'
import { smallPmu } from '../support/stream-frames.ts'

export const RATE = 50
export const startUs = Date.UTC(2026, 0, 5, 12) * 1000
export const topics = ['area/secondary-station/1156/PMU/765', 'area/secondary-station/1156/PMU/766'] as const
/** Frames that the second PMU has not. */
export const gap = [5000, 6000] as const
/** A frame whose frequency stands out. */
export const STRIKING = 9007

/** Of frame n. */
export const timeUs = (n: number): number => startUs + (n * 1_000_000) / RATE

/** What frame n of a PMU says, to the bit. */
export function sampleOf(pmu: number, n: number) {
  const turn = n * 0.01 * (pmu + 1)
  return {
    freq: Math.fround(n === STRIKING ? 49 : 50 + 0.02 * Math.sin(n / 500) + 0.01 * pmu),
    dfreq: Math.fround(0.1 * Math.cos(n / 500)),
    voltage: Math.fround(63_500 + n / 10 + pmu),
    current: Math.fround(400 + 20 * Math.sin(n / 300)),
    angle: Math.fround(Math.atan2(Math.sin(turn), Math.cos(turn))),
  }
}

function configurationOf(pmu: number): Configuration {
  const [settings] = smallPmu({ stn: `Station ${'AB'[pmu]}`, idcode: 765 + pmu }).pmus
  return {
    ...smallPmu({ idcode: 765 + pmu, dataRate: RATE }),
    soc: startUs / 1e6,
    pmus: [
      {
        ...settings!,
        format: { polar: true, phasors: 'float32', analogs: 'float32', freq: 'float32' },
        phasors: [
          { name: 'VA', kind: 'voltage', phunit: 1 },
          { name: 'IA', kind: 'current', phunit: 1 },
        ],
      },
    ],
  }
}

/** The configuration of a PMU, and its data frame n. */
export function framesOf(pmu: number) {
  const configuration = configurationOf(pmu)
  const encoder = compileEncoder(configuration)
  return {
    configuration: encodeConfiguration(configuration),
    frame(n: number): Uint8Array {
      const { freq, dfreq, voltage, current, angle } = sampleOf(pmu, n)
      const us = timeUs(n)
      return encoder.encode({
        soc: Math.floor(us / 1e6),
        fraction: us % 1e6,
        pmus: [
          {
            stat: 0,
            phasors: [
              { magnitude: voltage, angle },
              { magnitude: current, angle },
            ],
            freq,
            dfreq,
            analogs: [],
            digitals: [],
          },
        ],
      })
    },
  }
}

/** Five minutes of both by default. */
export async function filledHistorian(
  deps: TestDeps,
  { seconds = 300, token }: { readonly seconds?: number; readonly token?: string } = {},
): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'phasorbus-dashboard-'))
  onTestFinished(() => rm(path, { recursive: true, force: true }))
  const store = await Store.open(path, { memoryMiB: 256, threads: 1 })
  const writer = await HotWriter.open(store, { ...deps, historian: 'fill', held: () => [] })
  topics.forEach((topic, pmu) => {
    const { configuration, frame } = framesOf(pmu)
    const stream = store.numberOf(topic, writer.batch)
    const epoch = store.epochOf(stream, configuration, startUs, writer.batch)
    for (let n = 0; n < seconds * RATE; n++) {
      if (pmu === 1 && n >= gap[0] && n < gap[1]) continue
      writer.batch.add(stream, epoch.number, timeUs(n), Kind.live, frame(n))
    }
  })
  await writer.flush()
  await writer.close()
  const line = await JournaledStreams.start(deps)
  const settings = { id: 'history', streams: ['area/+/+/PMU/+'], sealAfterMs: 300_000, keepDays: {} }
  const recovery = RecoverySettings.parse({})
  const historian = deps.stops(
    await startHistorian(
      { ...settings, recovery },
      { ...deps, bus: line.bus('history'), replayBus: line.bus('history-pull'), store },
    ),
  )
  await historian.ready
  const tokens = token === undefined ? undefined : new Tokens(token)
  // As the build puts it beside the command line.
  const dashboard = { folder: join(inject('cliMain'), '../../../public'), areas: ['area'] }
  const listen = { host: '127.0.0.1', port: 0 }
  const { url } = deps.stops(await startApi({ listen, dashboard, ...(tokens && { tokens }) }, { ...deps, historian }))
  return url
}
