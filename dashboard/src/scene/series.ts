/** Values over time, of one stream or joined of several: what plots are made of. Pure. */
import { degrees, wrapped } from '../parts/format.ts'

/** Times in seconds since 1970, each later than the one before; a row of values for each channel. */
export interface Series {
  readonly times: readonly number[]
  /** `null`: absent, the line breaks. `undefined`: nothing is due at this time, the line goes on. */
  readonly values: readonly (readonly (number | null | undefined)[])[]
  /** So long its last value holds; absent: for ever. */
  readonly holdsS?: number
}

/** One instant in two streams: TIME_BASE rounds it, 1,000 at the coarsest, and no rate has two frames within. */
export const SAME_S = 0.0005

/**
 * All series over one row of times, rows in the order they come. Gaps stay gaps, and rates may differ. What ended
 * longer ago than its last value holds is absent from then on: else it would be told as of now.
 */
export function joinSeries(parts: readonly Series[]): { times: number[]; values: (number | null | undefined)[][] } {
  const times: number[] = []
  const values: (number | null | undefined)[][] = parts.flatMap((part) => part.values.map(() => []))
  const heads = parts.map(() => 0)
  for (;;) {
    let nextS = Number.POSITIVE_INFINITY
    for (let part = 0; part < parts.length; part++) {
      const timeS = parts[part]!.times[heads[part]!]
      if (timeS !== undefined && timeS < nextS) nextS = timeS
    }
    if (nextS === Number.POSITIVE_INFINITY) return { times, values }
    times.push(nextS)
    let row = 0
    for (let part = 0; part < parts.length; part++) {
      const { times: own, values: rows, holdsS = Number.POSITIVE_INFINITY } = parts[part]!
      const at = heads[part]!
      const isHere = at < own.length && own[at]! - nextS <= SAME_S
      const isOver = at === own.length && nextS > own[at - 1]! + holdsS
      for (const from of rows) values[row++]!.push(isHere ? from[at] : isOver ? null : undefined)
      if (isHere) heads[part] = at + 1
    }
  }
}

/**
 * Angles in degrees, within ±180°: each less the reference's at the same instant; without one, as they were sent.
 * Where the reference has none, there is no difference.
 */
export function anglesAgainst({ times, values }: Series, reference: Series | undefined): (number | null)[][] {
  const turns = reference ? valuesAt(reference, times) : undefined
  return values.map((row) =>
    row.map((value, at) => {
      const turn = turns ? turns[at] : 0
      if (value === null || value === undefined || turn === null || turn === undefined) return null
      return degrees(wrapped(value - turn))
    }),
  )
}

/** The first row of a series at other times. */
function valuesAt({ times, values }: Series, wanted: readonly number[]): (number | null | undefined)[] {
  let at = 0
  return wanted.map((timeS) => {
    while (at < times.length && times[at]! < timeS - SAME_S) at++
    return at < times.length && times[at]! - timeS <= SAME_S ? values[0]![at] : undefined
  })
}
