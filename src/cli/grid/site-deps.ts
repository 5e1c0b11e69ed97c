import type { GridJson } from '../../api/index.ts'
import type { SharedInputs } from '../../link/index.ts'
import type { ServiceDeps } from '../../runtime/service.ts'
import type { NodeLock } from './lock-node.ts'
import type { EmbeddedBrokers, Keep, SiteBuses } from './open-buses.ts'
import type { SimulatedPmus } from './start-simulated-pmus.ts'

export interface SiteDeps extends ServiceDeps {
  readonly lock: NodeLock
  readonly embedded: EmbeddedBrokers
  readonly inputs: SharedInputs
  readonly simulated: SimulatedPmus
  readonly keep: Keep
  /** What APIs tell of the grid. */
  readonly told: GridJson
}

/** What the parts of a site need. */
export type PartDeps = SiteDeps & { readonly buses: SiteBuses }
