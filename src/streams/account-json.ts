/** Accounts as the state of a node has them: by consumer, then by stream. */
import type { Account } from './account.ts'
import { ContractError } from './contract-error.ts'
import { isTopicLevel, parseStreamTopic } from './topic.ts'

export type CountsByReason = Readonly<Record<string, number>>

/** An {@link Account} in the words of the bus: the sum of its left side is in `expected`. */
export interface AccountJson {
  readonly expected: number
  readonly live: number
  readonly late: number
  readonly never_produced: number
  readonly not_received: CountsByReason
  readonly lost: CountsByReason
  readonly pending: number
  readonly outside: CountsByReason
  readonly duplicates: number
  readonly conflicts: number
}

export type ConsumerAccounts = Readonly<Record<string, Readonly<Record<string, AccountJson>>>>

/** Far more than a ledger has: what others say is bounded here. */
const MAX_REASONS = 64

export function accountJson({ neverProduced, notReceived, ...account }: Account): AccountJson {
  const { expected, live, late, lost, pending, outside, duplicates, conflicts } = account
  return {
    expected,
    live,
    late,
    never_produced: neverProduced,
    not_received: notReceived,
    lost,
    pending,
    outside,
    duplicates,
    conflicts,
  }
}

/** The field `consumers` of a node's state; fields that are not known are left out. */
export function parseConsumers(value: unknown): ConsumerAccounts {
  const consumers = entriesOf(value, 'consumers').map(([consumer, streams]) => {
    if (!isTopicLevel(consumer)) throw invalid('a consumer has no id')
    const accounts = entriesOf(streams, `consumer ${consumer}`).map(([stream, account]) => {
      checkStream(stream)
      return [stream, parseAccount(account, stream)] as const
    })
    return [consumer, Object.fromEntries(accounts)] as const
  })
  return Object.fromEntries(consumers)
}

function parseAccount(value: unknown, stream: string): AccountJson {
  const raw = Object.fromEntries(entriesOf(value, `account of ${stream}`))
  const number = (name: string): number => countOf(raw[name], `${name} of ${stream}`)
  const reasons = (name: string): CountsByReason => countsOf(raw[name] ?? {}, `${name} of ${stream}`)
  return {
    expected: number('expected'),
    live: number('live'),
    late: number('late'),
    never_produced: number('never_produced'),
    not_received: reasons('not_received'),
    lost: reasons('lost'),
    pending: number('pending'),
    outside: reasons('outside'),
    duplicates: number('duplicates'),
    conflicts: number('conflicts'),
  }
}

function countsOf(value: unknown, what: string): CountsByReason {
  const entries = entriesOf(value, what)
  if (entries.length > MAX_REASONS) throw invalid(`${what} has ${entries.length} reasons`)
  return Object.fromEntries(
    entries.map(([reason, count]) => {
      if (!isTopicLevel(reason)) throw invalid(`${what} has a reason that is none`)
      return [reason, countOf(count, what)]
    }),
  )
}

function countOf(value: unknown, what: string): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
  throw invalid(`${what} is no count`)
}

function entriesOf(value: unknown, what: string): [string, unknown][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid(`${what} is no object`)
  return Object.entries(value)
}

function checkStream(topic: string): void {
  try {
    parseStreamTopic(topic)
  } catch (error) {
    throw invalid('accounts of what is no stream', error)
  }
}

function invalid(problem: string, cause?: unknown): ContractError {
  return new ContractError({ code: 'STATE_INVALID', problem }, problem, cause === undefined ? undefined : { cause })
}
