/** What happened to the streams of a consumer, the newest first; bounded. Pure. */
import { reasonWords } from '../../../src/streams/index.ts'
import { count, frames } from '../parts/format.ts'
import type { AccountEvent } from './account-events.ts'

export const MAX_ENTRIES = 200
/** The same again within so long is one entry: 50 frames a second would fill the log. */
const MERGE_S = 10

export interface LogEntry {
  /** Tells it from others of this log. */
  readonly number: number
  readonly stream: string
  /** The newest of what was taken together. */
  readonly event: AccountEvent
  /** Of the first. */
  readonly sinceS: number
}

export class EventLog {
  #entries: readonly LogEntry[] = []
  #next = 1

  get entries(): readonly LogEntry[] {
    return this.#entries
  }

  add(stream: string, events: readonly AccountEvent[]): void {
    for (const event of events) {
      const at = this.#sameAs(stream, event)
      const known = this.#entries[at]
      if (known) this.#entries = this.#entries.with(at, { ...known, event: together(known.event, event) })
      else this.#push({ number: this.#next++, stream, event, sinceS: event.atS })
    }
  }

  /** The entry that this one goes on with; -1: none. */
  #sameAs(stream: string, event: AccountEvent): number {
    const at = this.#entries.findIndex((entry) => entry.stream === stream && isSameKind(entry.event, event))
    const known = this.#entries[at]
    if (!known) return -1
    if ('count' in event) return event.atS - known.event.atS <= MERGE_S ? at : -1
    if (event.kind === 'closed' || event.kind === 'anew') return -1
    // A gap says each once, and brings it up to date.
    const bound = this.#entries.findIndex(
      (entry) => entry.stream === stream && ['closed', 'anew', 'opened'].includes(entry.event.kind),
    )
    return bound < 0 || at < bound || (event.kind === 'opened' && at === bound) ? at : -1
  }

  /** When it is full, the oldest goes of the stream that has the most: one that flaps drives out no other. */
  #push(entry: LogEntry): void {
    const entries = [entry, ...this.#entries]
    if (entries.length > MAX_ENTRIES) {
      const counts = new Map<string, number>()
      for (const { stream } of entries) counts.set(stream, (counts.get(stream) ?? 0) + 1)
      const most = Math.max(...counts.values())
      entries.splice(
        entries.findLastIndex(({ stream }) => counts.get(stream) === most),
        1,
      )
    }
    this.#entries = entries
  }
}

const together = (known: AccountEvent, event: AccountEvent): AccountEvent =>
  'count' in event && 'count' in known ? { ...event, count: known.count + event.count } : event

const isSameKind = (one: AccountEvent, other: AccountEvent): boolean =>
  one.kind === other.kind && ('reason' in one ? one.reason : '') === ('reason' in other ? other.reason : '')

/** A shape and words. */
export function describeEvent(event: AccountEvent): {
  readonly shape: string
  readonly text: string
  readonly isBad: boolean
} {
  switch (event.kind) {
    case 'opened':
      return { shape: '▲', text: `gap opened: ${count(event.pending)} pending`, isBad: true }
    case 'grows':
      return { shape: '▲', text: `gap grows: ${count(event.pending)} pending`, isBad: true }
    case 'healing':
      return { shape: '▽', text: `healing: ${count(event.pending)} left of ${count(event.most)}`, isBad: false }
    case 'closed':
      return closing(event)
    case 'anew':
      return { shape: '↻', text: 'the account begins anew', isBad: false }
    case 'outside':
    case 'conflicts':
    case 'never produced':
    case 'not received':
    case 'lost': {
      const why = event.reason === undefined ? '' : `: ${reasonWords(event.reason)}`
      return {
        shape: event.kind === 'lost' ? '✕' : '○',
        text: `${event.kind} ${count(event.count)}${why}`,
        isBad: true,
      }
    }
  }
}

function closing({ late, absent, seconds }: Extract<AccountEvent, { kind: 'closed' }>) {
  const took = seconds < 1.5 ? 'at once' : `in ${Math.round(seconds)} s`
  const rest = absent > 0 ? `, ${frames(absent)} will not come` : ''
  return late > 0
    ? { shape: '●', text: `healed ${count(late)} late ${took}${rest}`, isBad: false }
    : { shape: '●', text: `gap closed ${took}${rest}`, isBad: false }
}
