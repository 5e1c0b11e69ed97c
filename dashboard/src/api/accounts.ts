/** What the historian made of every timestamp, and how complete it is. */
import type { AccountJson } from '../../../src/streams/index.ts'
import { ApiFailure, get } from './client.ts'

export type Accounts = Readonly<Record<string, AccountJson>>

export const getAccounts = (signal?: AbortSignal): Promise<Accounts> => get('accounts', {}, signal)

export interface CompletenessPart {
  readonly from_us: number
  readonly to_us: number
  readonly expected: number
  readonly held: number
  readonly never_produced: number
  readonly not_received: number
  readonly lost: number
  readonly pending: number
}

export interface CompletenessGap {
  readonly from_us: number
  readonly to_us: number
  readonly frames: number
  readonly why: string
  /** The reason, as the journals say it. */
  readonly detail: string | null
}

export interface Completeness extends Omit<CompletenessPart, 'from_us' | 'to_us'> {
  readonly parts: readonly CompletenessPart[]
  readonly gaps: readonly CompletenessGap[]
  /** Older ones, that are not told. */
  readonly more_gaps: number
}

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
): Promise<Completeness | 'untold'> {
  const query = { stream, from: `${Math.floor(fromUs)}`, to: `${Math.ceil(toUs)}`, parts: `${parts}` }
  try {
    return await get<Completeness>('completeness', query, signal)
  } catch (error) {
    if (error instanceof ApiFailure && error.status === 404) return 'untold'
    throw error
  }
}
