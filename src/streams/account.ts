/**
 * What became of every timestamp of a stream at one consumer:
 *
 *   expected = live + late + neverProduced + notReceived + lost + pending
 *
 * always. What stands outside, duplicates and conflicts are not of the sum.
 */
export interface Account {
  /** Slots of time since the first frame, up to the last that is closed. */
  readonly expected: number
  /** Taken as it came. */
  readonly live: number
  /** Taken after its moment, from a journal or a broker's session. */
  readonly late: number
  readonly neverProduced: number
  /** By reason. */
  readonly notReceived: Readonly<Record<string, number>>
  /** By reason. */
  readonly lost: Readonly<Record<string, number>>
  /** Closed, and nothing known yet. */
  readonly pending: number
  /** By reason: frames that have no slot. */
  readonly outside: Readonly<Record<string, number>>
  /** Frames whose slot was taken: by the same bytes, or by what cannot be compared any more. Those outside by their timestamp. */
  readonly duplicates: number
  /** Frames whose slot, or timestamp outside, was taken by other bytes. */
  readonly conflicts: number
}

export const sumOf = (byReason: Readonly<Record<string, number>>): number =>
  Object.values(byReason).reduce((sum, count) => sum + count, 0)

/** What the right side of the sum comes to; equal to `expected`, or the account is wrong. */
export function accountedFor({ live, late, neverProduced, notReceived, lost, pending }: Account): number {
  return live + late + neverProduced + sumOf(notReceived) + sumOf(lost) + pending
}
