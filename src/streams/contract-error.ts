import { CodedError } from '../runtime/coded-error.ts'

/** What can be wrong with a topic, a filter, or a JSON payload of the bus contract. */
export type ContractFault =
  | { readonly code: 'TOPIC_INVALID'; readonly topic: string; readonly problem: string }
  | { readonly code: 'FILTER_INVALID'; readonly filter: string; readonly problem: string }
  | { readonly code: 'STATE_INVALID'; readonly problem: string }

export class ContractError extends CodedError<ContractFault> {}
