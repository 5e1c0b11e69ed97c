import { type GridEvent, hasEnded, isActive } from './grid-event.ts'

/** STAT bits 15 to 14: 3 is an error (do not use), 2 test mode. */
const stat = { error: 3 << 14, test: 2 << 14, silent: 0 } as const
export type FaultMode = keyof typeof stat

/** What is wrong with a PMU, over time. */
export class PmuFaults {
  #faults: readonly GridEvent[] = []
  #readS = 0

  add(fault: GridEvent): void {
    this.#faults = [...this.#faults.filter((earlier) => !hasEnded(earlier, this.#readS)), fault]
  }

  /** Lets everything be well from now on. */
  clear(now: number): void {
    this.#faults = this.#faults.filter(({ startS }) => startS > now)
  }

  /** The latest of those that last at time `t`. */
  at(t: number): FaultMode | undefined {
    this.#readS = t
    let mode: FaultMode | undefined
    for (const fault of this.#faults) {
      if (fault.event.kind === 'pmu-fault' && isActive(fault, t)) mode = fault.event.mode
    }
    return mode
  }
}

export const faultStat = (mode: FaultMode | undefined): number => (mode === undefined ? 0 : stat[mode])
