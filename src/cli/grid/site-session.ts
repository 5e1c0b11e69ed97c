import { join } from 'node:path'
import { clientIdOf } from '../../bus/index.ts'
import type { Site } from '../../config/grid.ts'
import type { SessionSettings } from '../../recovery/index.ts'

/** The first broker of the list keeps the session; the others stand in while it is away. */
export function sessionOf(
  site: Site,
  { id, recovery }: Pick<Site['pdcAdapters'][number], 'id' | 'recovery'>,
): { session?: SessionSettings } {
  const [broker, ...others] = site.broker.kind === 'servers' ? site.broker.servers : []
  if (recovery.mode !== 'session' || !broker) return {}
  const epochsFile = join(site.stateFolder, `session-${id}`)
  const standsIn = others.length > 0
  return { session: { broker, clientId: clientIdOf(site, `session-${id}`), epochsFile, standsIn } }
}
