import type { PowerFlow, RadialTree } from '../network/index.ts'
import type { GridEvent } from './grid-event.ts'
import type { SwingArea } from './swing.ts'

/** The impedance through which an area's source feeds its root, and the voltage behind it at rest; per unit. */
export interface AreaSource {
  readonly emfRe: number
  readonly emfIm: number
  readonly r: number
  readonly x: number
}

/** What one source supplies: a frequency, an angle, and a tree of buses. */
export interface Area {
  /** Bus index of the source. */
  readonly root: number
  readonly source: AreaSource
  readonly swing: SwingArea
  readonly ratingMva: number
  /** Changes when a branch opens or closes. */
  tree: RadialTree
  /** On the source voltage; the regulator of an island brings it to 1. */
  magnitude: number
  /** Of the last solution, three phases, per unit of the network's base. */
  power: number
  /** Nothing supplies it any more. */
  isDead: boolean
  /** What made it, unless it is the main grid. */
  island: GridEvent | undefined
}

/** Angle of a bus of an area in phase a, against nominal UTC time. */
export function busAngle(area: Area, flow: PowerFlow, bus: number): number {
  return area.swing.angle + Math.atan2(flow.voltage[2 * bus + 1]!, flow.voltage[2 * bus]!)
}
