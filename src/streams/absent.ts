/** What a journal says of the time for which it has no frame. */

/**
 * `never-produced`: the same healthy session shows later frames, so the source
 * skipped it. `not-received`: there was no session, or its frame was unusable.
 * `lost`: it was received and the journal does not have it. `expired`: older
 * than what the journal keeps.
 */
export const absentVerdicts = ['never-produced', 'not-received', 'lost', 'expired'] as const
export type AbsentVerdict = (typeof absentVerdicts)[number]

/**
 * Holds for every instant of [fromUs, toUs) that has no frame, in microseconds
 * since the UNIX epoch of the frames' own timestamps: a cover, not a list of slots.
 */
export interface AbsentRange {
  readonly fromUs: number
  readonly toUs: number
  readonly verdict: AbsentVerdict
  /** Why, as far as it is known: a topic level's alphabet. */
  readonly reason?: string
}
