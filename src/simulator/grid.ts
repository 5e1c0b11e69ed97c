import {
  checkRadial,
  createNetwork,
  type Feeder,
  feeder33,
  type Network,
  PowerFlow,
  type RadialTree,
  radialTree,
} from '../network/index.ts'
import { type Area, type AreaSource, busAngle } from './area.ts'
import type { GridSettings } from './config.ts'
import { addLoads, addShunts, imposedHz, supplyFactor } from './effects.ts'
import type { SimulatorEvent } from './events.ts'
import { type GridEvent, hasBegun, hasEnded } from './grid-event.ts'
import { GridState } from './grid-state.ts'
import { createIsland, regulateIsland, synchronise } from './island.ts'
import { WanderingLoads } from './loads.ts'
import { placeEvent } from './place-event.ts'
import type { Random } from './random.ts'
import { SwingArea } from './swing.ts'

/** The dynamics have a fixed step, whatever the rates of the PMUs: adding a PMU changes nothing in the grid. */
export const STEPS_PER_SECOND = 100
const STEP_S = 1 / STEPS_PER_SECOND

/** The imbalance of the rest of the system forgets itself in this time. */
const AMBIENT_S = 20

/** Reactance over resistance of the supply. */
const SOURCE_X_OVER_R = 10

/**
 * The running grid: a feeder behind a supply, solved at every step and at every
 * instant that is asked for. The three phases are solved one by one, without
 * coupling between them (the published impedances are positive sequence, and
 * are taken for the others too).
 *
 * Time only goes forward. What is asked between two steps has the frequency
 * and angle of that very instant, and the loads of the step before it.
 */
export class Grid {
  readonly network: Network
  /** Of the last {@link advanceTo}. */
  readonly state: GridState
  /** Solutions that did not settle: a load beyond what the feeder can carry. */
  unsettled = 0

  readonly #settings: GridSettings
  readonly #random: Random
  readonly #tree: RadialTree
  readonly #source: AreaSource
  readonly #loads: WanderingLoads
  readonly #flows: readonly PowerFlow[]
  readonly #main: Area
  readonly #p: Float64Array
  readonly #q: Float64Array
  readonly #g: Float64Array
  readonly #b: Float64Array
  readonly #closed: Uint8Array
  #areas: Area[]
  #events: GridEvent[] = []
  #ambient = 0
  /** The present step is not solved yet with all that is known. */
  #isStale = true
  /** Of the last step. */
  #second = 0
  #step = 0

  constructor(settings: GridSettings, random: Random, feeder: Feeder = feeder33) {
    const network = createNetwork(feeder)
    const buses = network.busNumbers.length
    this.network = network
    this.state = new GridState(network)
    this.#settings = settings
    this.#random = random
    this.#tree = checkRadial(network)
    this.#closed = network.closed.slice()
    this.#p = new Float64Array(buses)
    this.#q = new Float64Array(buses)
    this.#g = new Float64Array(buses)
    this.#b = new Float64Array(buses)
    this.#flows = [0, 1, 2].map(() => new PowerFlow(network))
    const wander = { wander: settings.loadWanderPercent / 100, wanderS: settings.loadWanderS }
    this.#loads = new WanderingLoads(network, { ...wander, unbalance: settings.unbalancePercent / 100 }, STEP_S, random)
    this.#source = supplyOf(network, this.#tree, settings.sourceMva)
    this.#main = this.#createMain()
    this.#areas = [this.#main]
  }

  /** Seconds after the start, of the last step. */
  get timeS(): number {
    return this.#second + this.#step / STEPS_PER_SECOND
  }

  /** An event of the grid's, from `startS` on. Throws {@link SimulatorError} when the network has no such place. */
  add(event: SimulatorEvent, startS: number): void {
    this.#events.push(placeEvent(event, startS, this.network, this.#tree, this.#source))
    this.#isStale = true
  }

  /** Lets everything that goes on end now. Islands are synchronised first. */
  endEvents(now: number): void {
    this.#events = this.#events.map((event) =>
      hasBegun(event, now) ? { ...event, endS: Math.min(event.endS, now) } : event,
    )
    for (const area of this.#areas) {
      if (area.island) area.island = { ...area.island, endS: Math.min(area.island.endS, now) }
    }
    this.#isStale = true
  }

  /** Brings the grid to an instant, `fraction` (0 to below 1) after second `second` of the simulation. */
  advanceTo(second: number, fraction: number): GridState {
    if (this.#isStale) {
      this.#solve(this.timeS)
      this.#draw(this.timeS)
      this.#isStale = false
    }
    while (this.#isNextStepUpTo(second, fraction)) this.#advance()
    const ahead = second - this.#second + (fraction - this.#step / STEPS_PER_SECOND)
    if (ahead > 0) this.#solve(second + fraction)
    this.state.read(this.#areas, this.#flows, this.#closed, ahead)
    return this.state
  }

  #isNextStepUpTo(second: number, fraction: number): boolean {
    if (this.#step + 1 < STEPS_PER_SECOND) {
      return this.#second < second || (this.#second === second && (this.#step + 1) / STEPS_PER_SECOND <= fraction)
    }
    return this.#second + 1 <= second
  }

  #advance(): void {
    for (const area of this.#areas) area.swing.advance(STEP_S)
    this.#step++
    if (this.#step === STEPS_PER_SECOND) {
      this.#step = 0
      this.#second++
    }
    const t = this.timeS
    this.#loads.advance()
    this.#wanderAmbient()
    this.#switch(t)
    this.#solve(t)
    this.#draw(t)
    this.#events = this.#events.filter((event) => !hasEnded(event, t))
  }

  /** What islands, at a step. */
  #switch(t: number): void {
    const { nominalHz } = this.#settings
    for (const event of this.#events) {
      if (event.event.kind === 'island' && hasBegun(event, t) && this.#closed[event.branch]) this.#separate(event)
    }
    for (const area of this.#areas) {
      if (!area.island) continue
      regulateIsland(area, nominalHz, STEP_S)
      if (hasEnded(area.island, t) && this.#mayClose(area)) this.#reclose(area)
    }
  }

  #separate(event: GridEvent): void {
    if (event.event.kind !== 'island') return
    const root = this.#tree.feeder.indexOf(event.branch)
    const parent = this.#areaOf(root)
    this.#closed[event.branch] = 0
    const tree = radialTree(this.network, root, this.#closed)
    const generationMva = event.event.generationKw / 1000
    const { nominalHz } = this.#settings
    this.#areas.push(createIsland({ event, root, tree, nominalHz, generationMva }, parent, this.#flows[0]!))
    this.#rebuild()
  }

  #mayClose(area: Area): boolean {
    const beyond = this.#tree.parent[area.root]!
    const grid = this.#areaOf(beyond)
    return synchronise(area, grid, busAngle(grid, this.#flows[0]!, beyond))
  }

  #reclose(area: Area): void {
    this.#closed[this.#tree.feeder[area.root]!] = 1
    this.#areas = this.#areas.filter((other) => other !== area)
    this.#rebuild()
  }

  #rebuild(): void {
    for (const flow of this.#flows) flow.current.fill(0)
    for (const area of this.#areas) area.tree = radialTree(this.network, area.root, this.#closed)
  }

  #areaOf(bus: number): Area {
    return this.#areas.find(({ tree }) => tree.order.includes(bus)) ?? this.#main
  }

  /** Power flow of all areas and phases at time `t`. */
  #solve(t: number): void {
    const kva = this.network.baseMva * 1000
    for (const area of this.#areas) area.power = 0
    for (let phase = 0; phase < 3; phase++) {
      this.#loads.read(phase, this.#p, this.#q)
      addLoads(this.#events, t, kva, this.#p, this.#q)
      this.#g.fill(0)
      this.#b.fill(0)
      addShunts(this.#events, t, phase, this.#g, this.#b)
      for (const area of this.#areas) this.#solveArea(area, phase, t)
    }
  }

  #solveArea(area: Area, phase: number, t: number): void {
    const flow = this.#flows[phase]!
    if (area.isDead) {
      flow.clear(area.tree)
      return
    }
    const { emfRe, emfIm, r, x } = area.source
    const factor = area.magnitude * (area.island ? 1 : supplyFactor(this.#events, t, phase))
    const source = { sourceRe: emfRe * factor, sourceIm: emfIm * factor, sourceR: r, sourceX: x }
    const settled = flow.solve(area.tree, { ...source, p: this.#p, q: this.#q, g: this.#g, b: this.#b })
    if (!settled) this.unsettled++
    area.power += flow.sourceP / 3
  }

  #draw(t: number): void {
    for (const area of this.#areas) {
      const electrical = (area.power * this.network.baseMva) / area.ratingMva
      if (area.island) {
        area.swing.draw(electrical, 0, 0, STEP_S)
      } else {
        const [now, next] = [imposedHz(this.#events, t), imposedHz(this.#events, t + STEP_S)]
        area.swing.draw(electrical + this.#ambient, now, next, STEP_S)
      }
    }
  }

  #wanderAmbient(): void {
    const keep = Math.exp(-STEP_S / AMBIENT_S)
    const kick = (this.#settings.ambientPercent / 100) * Math.sqrt(1 - keep * keep)
    this.#ambient = keep * this.#ambient + kick * this.#random.gaussian()
  }

  /** The main grid, in balance with the feeder as it is at the start. */
  #createMain(): Area {
    const { nominalHz, inertiaS, damping, droop, governorS, turbineS, secondaryS, systemMva } = this.#settings
    const machines = { nominalHz, inertiaS, damping, droop, governorS, turbineS, secondaryS }
    const unlimited = { minPower: Number.NEGATIVE_INFINITY, maxPower: Number.POSITIVE_INFINITY }
    const main: Area = {
      root: this.network.slack,
      source: this.#source,
      swing: new SwingArea({ ...machines, ...unlimited, power: 0 }),
      ratingMva: systemMva,
      tree: this.#tree,
      magnitude: 1,
      power: 0,
      isDead: false,
      island: undefined,
    }
    this.#areas = [main]
    this.#solve(0)
    const power = (main.power * this.network.baseMva) / systemMva
    return { ...main, swing: new SwingArea({ ...machines, ...unlimited, power }) }
  }
}

/** A supply of this short-circuit power, with the voltage behind it that leaves 1.0 pu at the substation. */
function supplyOf(network: Network, tree: RadialTree, sourceMva: number): AreaSource {
  const z = network.baseMva / sourceMva
  const r = z / Math.hypot(1, SOURCE_X_OVER_R)
  const x = r * SOURCE_X_OVER_R
  const flow = new PowerFlow(network)
  const none = new Float64Array(network.busNumbers.length)
  const { p, q } = network
  flow.solve(tree, { sourceRe: 1, sourceIm: 0, sourceR: 0, sourceX: 0, p, q, g: none, b: none })
  // At 1.0 pu the current is the conjugate of the power.
  return {
    emfRe: 1 + r * flow.sourceP + x * flow.sourceQ,
    emfIm: x * flow.sourceP - r * flow.sourceQ,
    r,
    x,
  }
}
