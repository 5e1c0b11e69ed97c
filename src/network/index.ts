/**
 * The electrical network: buses, branches, and the power flow of a radial feeder. Pure.
 *
 * @example
 * ```ts
 * import { feeder33, solveFeeder } from '../network/index.ts'
 *
 * solveFeeder(feeder33).lossKw // 202.68
 * ```
 *
 * @module
 */

export type { Feeder, FeederBranch, FeederBus } from './feeder.ts'
export { feeder33, feeder33Solution } from './feeder33.ts'
export type { Network } from './network.ts'
export { baseAmps, baseOhms, baseVolts, branchIndex, busIndex, createNetwork } from './network.ts'
export type { NetworkFault } from './network-error.ts'
export { NetworkError } from './network-error.ts'
export type { Operation } from './power-flow.ts'
export { CONSTANT_POWER_FLOOR_PU, PowerFlow } from './power-flow.ts'
export type { RadialTree } from './radial-tree.ts'
export { checkRadial, radialTree } from './radial-tree.ts'
export type { FeederSolution } from './solve-feeder.ts'
export { solveFeeder } from './solve-feeder.ts'
