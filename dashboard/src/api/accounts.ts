/** What the historian made of every timestamp, and how complete it is. */
import type { CompletenessAnswer } from '../../../src/api/answers.ts'
import type { AccountJson } from '../../../src/streams/index.ts'
import { ApiFailure, get } from './client.ts'

export type Accounts = Readonly<Record<string, AccountJson>>

export const getAccounts = (signal?: AbortSignal): Promise<Accounts> => get('accounts', {}, signal)

export interface CompletenessQuery {
  readonly stream: string
  readonly fromUs: number
  readonly toUs: number
  readonly parts: number
}

/** `untold`: this historian does not know the question, or the stream. */
export async function getCompleteness(
  { stream, fromUs, toUs, parts }: CompletenessQuery,
  signal?: AbortSignal,
): Promise<CompletenessAnswer | 'untold'> {
  const query = { stream, from: `${Math.floor(fromUs)}`, to: `${Math.ceil(toUs)}`, parts: `${parts}` }
  try {
    return await get<CompletenessAnswer>('completeness', query, signal)
  } catch (error) {
    if (error instanceof ApiFailure && error.status === 404) return 'untold'
    throw error
  }
}
