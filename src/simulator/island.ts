import type { PowerFlow, RadialTree } from '../network/index.ts'
import { type Area, busAngle } from './area.ts'
import type { GridEvent } from './grid-event.ts'
import { SwingArea, wrapAngle } from './swing.ts'

/** A small unit on its own: a few seconds of inertia, a quick governor, and a fifth of power in reserve. */
const unit = { inertiaS: 2, damping: 1, droop: 0.05, governorS: 0.1, turbineS: 0.2, secondaryS: 10 } as const
const RESERVE = 1.2
const REGULATOR_S = 0.5

/** Beyond this the unit's protection trips it: 47 to 53 Hz on a 50 Hz grid. */
const TRIP_PU = 0.06

/** A synchroniser lets the island slip past the grid this fast, and closes within these bounds. */
const SLIP_HZ = 0.05
const CLOSE_SLIP_HZ = 0.1
const CLOSE_ANGLE = (5 * Math.PI) / 180

export interface IslandSite {
  readonly event: GridEvent
  /** Bus index beyond the branch. */
  readonly root: number
  readonly tree: RadialTree
  readonly nominalHz: number
  readonly generationMva: number
}

/**
 * What a branch fed until it opened, now around a local unit. The unit was on
 * hot standby, synchronised and without load; its set-point is what the event
 * says. The island starts with the angle, voltage and frequency that it had.
 * Without generation it is dead at once.
 */
export function createIsland(site: IslandSite, parent: Area, flow: PowerFlow): Area {
  const { event, root, tree, nominalHz, generationMva } = site
  const ratingMva = Math.max(generationMva * RESERVE, 1e-3)
  const swing = new SwingArea(
    { ...unit, nominalHz, power: generationMva / ratingMva, minPower: 0, maxPower: 1 },
    wrapAngle(busAngle(parent, flow, root)),
    parent.swing.deviationHz,
  )
  return {
    root,
    source: { emfRe: 1, emfIm: 0, r: 0, x: 0 },
    swing,
    ratingMva,
    tree,
    magnitude: Math.hypot(flow.voltage[2 * root]!, flow.voltage[2 * root + 1]!),
    power: 0,
    isDead: parent.isDead || generationMva === 0,
    island: event,
  }
}

/** One step of the island's own devices: voltage regulator and protection. */
export function regulateIsland(area: Area, nominalHz: number, stepS: number): void {
  area.magnitude += (1 - area.magnitude) * (stepS / REGULATOR_S)
  if (Math.abs(area.swing.deviationHz) > TRIP_PU * nominalHz) area.isDead = true
}

/**
 * Steers an island towards the grid beyond its open branch, whose angle there
 * is `gridAngle`. True when the branch may close: at once where the island is
 * dead, or as soon as angle and slip are small.
 */
export function synchronise(area: Area, grid: Area, gridAngle: number): boolean {
  if (grid.isDead) return false
  if (area.isDead) return true
  area.swing.targetHz = grid.swing.deviationHz + SLIP_HZ
  const slip = Math.abs(area.swing.deviationHz - grid.swing.deviationHz)
  return slip < CLOSE_SLIP_HZ && Math.abs(wrapAngle(area.swing.angle - gridAngle)) < CLOSE_ANGLE
}
