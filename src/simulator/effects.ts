/** What the events of a moment do to the grid at time `t`. Each function adds up all events of its kind. */
import { type GridEvent, isActive, oscillationEnvelope, rampedEnvelope } from './grid-event.ts'

/** Deviation that is imposed on the frequency of the whole grid. */
export function imposedHz(events: readonly GridEvent[], t: number): number {
  let sum = 0
  for (const placed of events) {
    const { event, startS, endS } = placed
    if (!isActive(placed, t)) continue
    if (event.kind === 'frequency-excursion') {
      sum += event.hz * rampedEnvelope(t - startS, endS - t, Math.min(event.rampS, event.durationS / 2))
    } else if (event.kind === 'oscillation' && placed.bus === -1) {
      const envelope = oscillationEnvelope(event.hz, event.damping, t - startS, endS - t)
      sum += (event.mHz / 1000) * envelope * Math.cos(2 * Math.PI * event.hz * (t - startS))
    }
  }
  return sum
}

/** Factor on the supply's voltage in one phase (0, 1 or 2). */
export function supplyFactor(events: readonly GridEvent[], t: number, phase: number): number {
  let factor = 1
  for (const placed of events) {
    const { event, startS, endS } = placed
    if (placed.bus !== -1 || !isActive(placed, t)) continue
    if (event.kind === 'voltage-sag') {
      if (touches(event.phases, phase)) factor *= 1 - event.depth
    } else if (event.kind === 'oscillation') {
      const envelope = oscillationEnvelope(event.hz, event.damping, t - startS, endS - t)
      factor *= 1 + (event.percent / 100) * envelope * Math.sin(2 * Math.PI * event.hz * (t - startS))
    }
  }
  return factor
}

/** Adds the loads that events switch, per unit of `kva`, to one phase's loads by bus index. */
export function addLoads(events: readonly GridEvent[], t: number, kva: number, p: Float64Array, q: Float64Array): void {
  for (const placed of events) {
    const { event, bus, startS, endS } = placed
    if (bus === -1 || !isActive(placed, t)) continue
    if (event.kind === 'load-step') {
      p[bus]! += event.kw / kva
      q[bus]! += event.kvar / kva
    } else if (event.kind === 'oscillation') {
      const envelope = oscillationEnvelope(event.hz, event.damping, t - startS, endS - t)
      p[bus]! += ((event.kw ?? 0) / kva) * envelope * Math.sin(2 * Math.PI * event.hz * (t - startS))
    }
  }
}

/** Adds the short circuits at buses to one phase's shunts by bus index. */
export function addShunts(
  events: readonly GridEvent[],
  t: number,
  phase: number,
  g: Float64Array,
  b: Float64Array,
): void {
  for (const placed of events) {
    const { event, bus } = placed
    if (event.kind !== 'voltage-sag' || bus === -1 || !isActive(placed, t)) continue
    if (!touches(event.phases, phase)) continue
    g[bus]! += placed.shuntG
    b[bus]! += placed.shuntB
  }
}

function touches(phases: string, phase: number): boolean {
  return phases.includes('abc'.charAt(phase))
}
