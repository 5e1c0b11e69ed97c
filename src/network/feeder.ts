/** A distribution feeder as its publications print it: physical units, bus numbers from 1. */
export interface Feeder {
  readonly name: string
  /** Line-to-line. */
  readonly baseKv: number
  /** The primary substation, where the feeder is supplied. */
  readonly slackBus: number
  readonly buses: readonly FeederBus[]
  readonly branches: readonly FeederBranch[]
}

/** Three-phase load at a bus; generation is a negative load. */
export interface FeederBus {
  readonly bus: number
  readonly pKw: number
  readonly qKvar: number
}

/** Series impedance per phase, positive sequence. */
export interface FeederBranch {
  readonly from: number
  readonly to: number
  readonly rOhm: number
  readonly xOhm: number
  /** A tie switch that is normally open is a branch that is not closed. */
  readonly closed: boolean
}
