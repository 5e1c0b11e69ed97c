import { type Bus, CarrierWatch, type LiveConfig } from '../bus/index.ts'
import type { Journal } from '../journal/index.ts'
import { createSharedInputs, type SharedInputs, type SourceConfig } from '../link/index.ts'
import type { Running, ServiceDeps } from '../runtime/service.ts'
import { carryPmu } from './carry-pmu.ts'

export interface PmuAdapterConfig {
  readonly pmus: readonly AdaptedPmu[]
}

/** One device and the stream that is made of it. */
export interface AdaptedPmu {
  /** `S` of the bus contract; `streamTopic` makes it. */
  readonly topic: string
  readonly source: SourceConfig
  readonly live: LiveConfig
}

export interface PmuAdapterDeps extends ServiceDeps {
  /** Every broker that gets the frames. */
  readonly buses: readonly Bus[]
  /** Topic of this process's node, named in the state of each stream. */
  readonly node: string
  /** Keeps every frame. It should live a little longer than the adapter, to hear how the sessions end. */
  readonly journal?: Journal
  /** UDP ports and captures that PMUs of other adapters in this process read too. */
  readonly inputs?: SharedInputs
}

/**
 * Is a PDC to each of its PMUs and publishes what they send, frame by frame and
 * byte for byte. Hundreds in one process: each has its own session, its own
 * window of live frames and its own counters, and one PMU's fault touches no
 * other.
 */
export function startPmuAdapter({ pmus }: PmuAdapterConfig, deps: PmuAdapterDeps): Running {
  const inputs = deps.inputs ?? createSharedInputs()
  const carriers = new CarrierWatch()
  const done = Promise.all(pmus.map((pmu) => carryPmu(pmu, { ...deps, inputs, carriers }))).then(() => {})
  return { done }
}
