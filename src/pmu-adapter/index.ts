/**
 * PMUs onto the bus.
 *
 * @module
 */
export type { AdaptedPmu, PmuAdapterConfig, PmuAdapterDeps } from './pmu-adapter.ts'
export { startPmuAdapter } from './pmu-adapter.ts'
