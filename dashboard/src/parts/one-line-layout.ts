/** Where the buses of a radial network stand: the longest way straight on, each lateral in a row of its own. */
import type { Network } from '../api/grid.ts'

export interface Placed {
  readonly bus: string
  readonly column: number
  readonly row: number
}

export interface OneLine {
  readonly places: ReadonlyMap<string, Placed>
  readonly columns: number
  readonly rows: number
}

/** From the first bus of the network. What is not connected to it stands in rows below. */
export function layOut({ buses, branches }: Network): OneLine {
  const next = new Map<string, string[]>(buses.map((bus) => [bus, []]))
  for (const { from, to, closed } of branches) {
    if (!closed) continue
    next.get(from)?.push(to)
    next.get(to)?.push(from)
  }
  const places = new Map<string, Placed>()
  const taken: number[] = []
  let columns = 0
  for (const root of buses) {
    if (places.has(root)) continue
    const { children, reach } = treeOf(root, next)
    const place = (bus: string, column: number, row: number): void => {
      places.set(bus, { bus, column, row })
      columns = Math.max(columns, column + 1)
      taken[row] = Math.max(taken[row] ?? 0, column + 1)
      const byReach = [...(children.get(bus) ?? [])].sort((one, other) => reach.get(other)! - reach.get(one)!)
      const [straight, ...laterals] = byReach
      if (straight !== undefined) place(straight, column + 1, row)
      for (const lateral of laterals) place(lateral, column + 1, freeRow(taken, row + 1))
    }
    place(root, 0, freeRow(taken, 0))
  }
  return { places, columns, rows: taken.length }
}

/** The first that has nothing, from here on. */
function freeRow(taken: readonly number[], from: number): number {
  let row = from
  while ((taken[row] ?? 0) > 0) row++
  return row
}

function treeOf(root: string, next: ReadonlyMap<string, readonly string[]>) {
  const children = new Map<string, string[]>()
  const order = [root]
  const seen = new Set(order)
  for (const bus of order) {
    const below = (next.get(bus) ?? []).filter((other) => !seen.has(other))
    for (const other of below) seen.add(other)
    children.set(bus, below)
    order.push(...below)
  }
  /** Buses on the longest way down from each. */
  const reach = new Map<string, number>()
  for (const bus of order.toReversed())
    reach.set(bus, 1 + Math.max(0, ...(children.get(bus) ?? []).map((child) => reach.get(child)!)))
  return { children, reach }
}

/** Where one of the PMUs of a bus stands, and what is told of it. */
export interface Spot {
  /** How far to the side of the bus, of the room that all have there: -0.5 to 0.5. */
  readonly beside: number
  /** What is told lies below the bus, or above; further off the greater `tier` is. */
  readonly isBelow: boolean
  readonly tier: number
}

/** Between two neighbours. */
const WIDEST = 0.4

/** Of PMUs at these places, in their order: no two of one bus on each other. */
export function spotsOf(places: readonly Placed[]): readonly Spot[] {
  const below = labelsBelow(places)
  const counts = new Map<string, number>()
  for (const { bus } of places) counts.set(bus, (counts.get(bus) ?? 0) + 1)
  const seen = new Map<string, number>()
  return places.map(({ bus }) => {
    const nth = seen.get(bus) ?? 0
    const others = counts.get(bus)! - 1
    seen.set(bus, nth + 1)
    return {
      beside: (nth - others / 2) * Math.min(WIDEST, 1 / Math.max(1, others)),
      isBelow: below.has(bus) === (nth % 2 === 0),
      tier: Math.floor(nth / 2),
    }
  })
}

/** Neighbours in one row take turns, so that what is told of one does not lie on the other. */
function labelsBelow(places: readonly Placed[]): ReadonlySet<string> {
  const below = new Set<string>()
  for (const { bus, column, row } of places.toSorted((one, other) => one.column - other.column)) {
    const before = places.find((other) => other.row === row && other.column === column - 1)
    if (!before || !below.has(before.bus)) below.add(bus)
  }
  return below
}
