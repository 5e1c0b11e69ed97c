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
