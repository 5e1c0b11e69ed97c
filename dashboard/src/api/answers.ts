/** What the historian's API answers: shapes alone, for what runs without a browser too. */
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

/** In the order in which they are offered. */
export const eventKinds = [
  'trigger',
  'sync-lost',
  'data-error',
  'gap',
  'configuration',
  'appeared',
  'conflict',
  'revision',
] as const
export type EventKind = (typeof eventKinds)[number]

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

/** Timestamps that are not held. */
export interface StoredGap {
  readonly from_us: number
  /** Exclusive. */
  readonly to_us: number
  readonly frames: number
  readonly why: string
  readonly detail: string | null
}

export interface CompletenessAnswer {
  readonly expected: number
  readonly held: number
  readonly never_produced: number
  readonly not_received: number
  readonly lost: number
  readonly pending: number
  readonly gaps: readonly StoredGap[]
  /** So many are not listed. */
  readonly more_gaps: number
  /** Of the period, by time. */
  readonly parts: readonly {
    readonly from_us: number
    readonly to_us: number
    readonly expected: number
    readonly held: number
  }[]
}
