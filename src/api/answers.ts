/** What the API answers, in JSON: shapes alone, for those who ask it. Times are µs since 1970; ends are exclusive. */
export type { GridJson } from './grid-json.ts'

export interface StoredStream {
  readonly stream: string
  readonly configurations: number
  readonly channels: readonly { readonly id: string; readonly unit: string }[]
}

export interface RangeAnswer {
  /** Every value; else the least and the greatest of each part. */
  readonly raw: boolean
  readonly series: readonly {
    readonly channel: string
    readonly unit: string
    readonly times_us: readonly number[]
    readonly values: readonly (number | null)[]
  }[]
}

/** What was striking. */
export interface StoredEvent {
  readonly time_us: number
  /** null: it is a moment. */
  readonly until_us: number | null
  readonly stream: string
  readonly kind: string
  readonly what: string
  readonly detail: string
}

export interface EventsAnswer {
  /** By time. */
  readonly events: readonly StoredEvent[]
  /** There are older ones. */
  readonly more: boolean
}

/** In timestamps. */
export interface CompletenessCounts {
  readonly from_us: number
  readonly to_us: number
  readonly expected: number
  readonly held: number
  readonly never_produced: number
  readonly not_received: number
  readonly lost: number
  readonly pending: number
}

/** Timestamps that are not held. */
export interface StoredGap {
  readonly from_us: number
  readonly to_us: number
  readonly frames: number
  readonly why: string
  /** A word for programs. */
  readonly reason: string | null
  /** The same in words. */
  readonly detail: string | null
}

export interface CompletenessAnswer extends CompletenessCounts {
  readonly stream: string
  readonly reasons: Readonly<Record<'not_received' | 'lost', Readonly<Record<string, number>>>>
  readonly parts: readonly CompletenessCounts[]
  readonly gaps: readonly StoredGap[]
  /** So many older ones are not listed. */
  readonly more_gaps: number
}
