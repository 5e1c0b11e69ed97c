import { CodedError } from '../runtime/coded-error.ts'

/** What can be wrong with an electrical network, or with a question asked about it. */
export type NetworkFault =
  | { readonly code: 'NETWORK_UNKNOWN_BUS'; readonly bus: number }
  | { readonly code: 'NETWORK_DUPLICATE_BUS'; readonly bus: number }
  | { readonly code: 'NETWORK_UNKNOWN_BRANCH'; readonly from: number; readonly to: number }
  | { readonly code: 'NETWORK_BAD_IMPEDANCE'; readonly from: number; readonly to: number }
  | { readonly code: 'NETWORK_LOOP'; readonly from: number; readonly to: number }
  | { readonly code: 'NETWORK_UNSUPPLIED'; readonly buses: readonly number[] }
  | { readonly code: 'POWER_FLOW_DIVERGED'; readonly iterations: number; readonly mismatch: number }

export class NetworkError extends CodedError<NetworkFault> {}
