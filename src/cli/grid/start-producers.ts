import type { Site } from '../../config/grid.ts'
import { type Journal, openJournal, startReplayServer } from '../../journal/index.ts'
import type { Pdc } from '../../pdc/index.ts'
import { startPmuAdapter } from '../../pmu-adapter/index.ts'
import { aborted } from '../../runtime/aborted.ts'
import { nodeTopic, revisedTopic } from '../../streams/index.ts'
import { producedTopics } from './open-buses.ts'
import type { PartDeps } from './site-deps.ts'
import { startSitePdc } from './start-pdc.ts'
import { sourceOf } from './start-simulated-pmus.ts'

export interface StartedPdc {
  readonly id: string
  readonly pdc: Pdc
}

/**
 * PMU-adapter and PDCs, their journal, and who answers from it: PDCs before the
 * PMUs whose first frames they take. The journal outlives them all, whose last
 * words it writes.
 */
export async function startProducers(site: Site, deps: PartDeps): Promise<readonly StartedPdc[]> {
  const { keep, lock } = deps
  if (site.pmus.length === 0 && site.pdcs.length === 0) return []
  const streams = producedTopics(site)
  const stop = new AbortController()
  const journal =
    site.journal && streams.length > 0
      ? keep(await openJournal(site.journal, { ...deps, signal: stop.signal, dead: lock.dead }))
      : undefined
  if (site.journal && journal) {
    const revised = site.pdcs.flatMap(({ outputs }) => outputs.flatMap(({ topic }) => topic ?? [])).map(revisedTopic)
    startAnswering(site, site.journal.replayBytesPerS, [...streams, ...revised], journal, deps)
  }

  const done: Promise<void>[] = []
  // Also where one of them cannot start.
  keep({
    done: aborted(deps.signal)
      .then(() => Promise.allSettled(done))
      .then(() => stop.abort()),
  })
  const pdcs: StartedPdc[] = []
  for (const config of site.pdcs) {
    const pdc = startSitePdc(site, config, { ...deps, ...(journal && { journal }) })
    done.push(keep(pdc).done)
    pdcs.push({ id: config.id, pdc })
    await (site.broker.kind === 'embedded' ? pdc.ready : pdc.listening)
  }
  if (site.pmus.length > 0) {
    const pmus = site.pmus.map((pmu) => ({ topic: pmu.topic, source: sourceOf(pmu, deps.simulated), live: pmu.live }))
    const adapter = startPmuAdapter(
      { pmus },
      { ...deps, buses: deps.buses.each, node: nodeTopic(site), ...(journal && { journal }) },
    )
    done.push(keep(adapter).done)
  }
  return pdcs
}

function startAnswering(
  site: Site,
  bytesPerS: number,
  streams: readonly string[],
  journal: Journal,
  deps: PartDeps,
): void {
  const buses = deps.buses.apart('replay').each()
  deps.keep(startReplayServer({ node: site, bytesPerS, streams }, { ...deps, buses, journal }))
}
