import { CodedError } from '../runtime/coded-error.ts'

/** Why a simulation, or an event in it, cannot be. */
export type SimulatorFault =
  | { readonly code: 'SIMULATOR_BAD_EVENT'; readonly problems: readonly string[] }
  | { readonly code: 'SIMULATOR_BAD_SETTINGS'; readonly problems: readonly string[] }
  | { readonly code: 'SIMULATOR_UNKNOWN_PMU'; readonly idcode: number }
  | { readonly code: 'SIMULATOR_UNKNOWN_BUS'; readonly bus: number }
  | { readonly code: 'SIMULATOR_UNKNOWN_BRANCH'; readonly branch: string }
  | { readonly code: 'SIMULATOR_BRANCH_NOT_FEEDING'; readonly branch: string }
  | { readonly code: 'SIMULATOR_DUPLICATE_IDCODE'; readonly idcode: number }

export class SimulatorError extends CodedError<SimulatorFault> {}
