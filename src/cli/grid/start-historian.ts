import type { Historian as HistorianFields, Site } from '../../config/grid.ts'
import type { Historian } from '../../historian/index.ts'
import type { PartDeps } from './site-deps.ts'
import { sessionOf } from './site-session.ts'
import { startHistorianApi } from './start-historian-api.ts'

const MINUTE_MS = 60_000

export interface StartedHistorian {
  readonly id: string
  readonly historian: Historian
  /** Of its API. */
  readonly url: string | undefined
}

/** A historian of a site, as the grid file has it, and its API. The database is loaded here, where one is wanted. */
export async function startSiteHistorian(
  site: Site,
  config: HistorianFields,
  deps: PartDeps,
): Promise<StartedHistorian> {
  const { Store, startHistorian } = await import('../../historian/index.ts')
  const { id, streams, recovery, sealAfterMin, keepDays, folder, memoryMiB, threads, api } = config
  const { buses, keep, told: grid, ...rest } = deps
  const store = await Store.open(folder, { memoryMiB, threads })
  const historian = keep(
    await startHistorian(
      { id, streams, recovery, sealAfterMs: sealAfterMin * MINUTE_MS, keepDays },
      {
        ...rest,
        bus: buses.nearest,
        replayBus: buses.apart(`pull-${id}`).nearest(),
        store,
        ...sessionOf(site, config),
      },
    ),
  )
  if (!api) return { id, historian, url: undefined }
  const { url } = await startHistorianApi(site, { ...config, api }, { ...deps, historian })
  return { id, historian, url }
}
