/** Something about a PMU that its owner should look at: no proof of a mistake. */
export interface Doubt {
  readonly code:
    | 'NO_VALUE'
    | 'ZERO'
    | 'ROTATION'
    | 'REVERSED'
    | 'SAME_PHASE'
    | 'ANGLES'
    | 'MAGNITUDE'
    | 'CURRENT_PHASES'
    | 'UNIT'
    | 'SCALE'
    | 'FREQUENCY'
    | 'NOT_SYNCHRONISED'
    | 'CLOCK'
    | 'LATE'
    | 'STAT'
    | 'RATE'
    | 'SLOTS'
  /** Station name. */
  readonly pmu: string
  readonly channels: readonly string[]
  readonly message: string
  /** What may be behind it, or what to check. */
  readonly hint: string
}
