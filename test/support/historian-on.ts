import { RecoverySettings } from '../../src/config/recovery.ts'
import { type Historian, Store, startHistorian } from '../../src/historian/index.ts'
import type { TestDeps } from './deps.ts'
import { type JournaledStreams, site } from './journaled-streams.ts'

/** A historian of a line, over the store of a folder, until its deps are over. */
export async function historianOn(deps: TestDeps, line: JournaledStreams, path: string): Promise<Historian> {
  const store = await Store.open(path, { memoryMiB: 256, threads: 1 })
  const historian = deps.stops(
    await startHistorian(
      {
        id: 'history',
        streams: [`${site}/PMU/#`],
        recovery: RecoverySettings.parse({}),
        sealAfterMs: 300_000,
        keepDays: {},
      },
      { ...deps, bus: line.bus('history'), replayBus: line.bus('history-pull'), store },
    ),
  )
  line.accounts = () => historian.accounts()
  await historian.ready
  return historian
}
