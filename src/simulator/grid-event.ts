import type { SimulatorEvent } from './events.ts'

/** An event with its place in time, and what has been worked out once for it. */
export interface GridEvent {
  readonly event: SimulatorEvent
  /** Seconds after the start of the simulation. */
  readonly startS: number
  /** Infinity when it stays. */
  readonly endS: number
  /** Bus index; -1 when the event has none. */
  readonly bus: number
  /** Branch index, for an island. */
  readonly branch: number
  /** Shunt per phase that makes the sag, per unit. */
  readonly shuntG: number
  readonly shuntB: number
}

/** Slots and starts are sums of seconds and fractions: equal up to rounding. */
const ROUNDING_S = 1e-9

export const hasBegun = ({ startS }: GridEvent, t: number): boolean => t >= startS - ROUNDING_S
export const hasEnded = ({ endS }: GridEvent, t: number): boolean => t >= endS - ROUNDING_S
export const isActive = (event: GridEvent, t: number): boolean => hasBegun(event, t) && !hasEnded(event, t)

/** 0 outside, 1 between the ramps, half a cosine along them. */
export function rampedEnvelope(since: number, until: number, rampS: number): number {
  if (since <= 0 || until <= 0) return 0
  return halfCosine(since / rampS) * halfCosine(until / rampS)
}

/** An oscillation fades in and out over a period, so that no angle jumps. */
export function oscillationEnvelope(hz: number, damping: number, since: number, until: number): number {
  const fadeS = Math.min(1 / hz, (since + until) / 4)
  return rampedEnvelope(since, until, fadeS) * Math.exp(-damping * 2 * Math.PI * hz * since)
}

function halfCosine(part: number): number {
  return part >= 1 ? 1 : (1 - Math.cos(Math.PI * part)) / 2
}
