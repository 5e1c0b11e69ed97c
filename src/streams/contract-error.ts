import { CodedError } from '../runtime/coded-error.ts'

/** What a refused request says of itself, as far as it could be read. */
export interface ReplayProblem {
  /** What its answer names as the reason. */
  readonly refusal?: 'bad-contract' | 'bad-request'
  /** Where its answer goes. */
  readonly address?: { readonly id: string; readonly sequence: number }
}

/** What can be wrong with a topic, a filter, or a JSON payload of the bus contract. */
export type ContractFault =
  | { readonly code: 'TOPIC_INVALID'; readonly topic: string; readonly problem: string }
  | { readonly code: 'FILTER_INVALID'; readonly filter: string; readonly problem: string }
  | { readonly code: 'STATE_INVALID'; readonly problem: string }
  | ({ readonly code: 'REPLAY_INVALID'; readonly problem: string } & ReplayProblem)

export class ContractError extends CodedError<ContractFault> {}
