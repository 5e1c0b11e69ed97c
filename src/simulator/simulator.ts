import { setMaxListeners } from 'node:events'
import type { ServerAddress } from '../link/index.ts'
import type { Running, ServiceDeps } from '../runtime/service.ts'
import type { SimulatorInput } from './config.ts'
import type { SimulatorEvent, SimulatorEventInput } from './events.ts'
import { parseSimulatorConfig } from './parse-settings.ts'
import { type PmuServers, servePmus } from './pmu-servers.ts'
import { hostClock, runSchedule, type ScheduleClock } from './schedule.ts'
import type { SimulatedPmu } from './simulated-pmu.ts'
import { type FrameHandler, Simulation } from './simulation.ts'

export interface SimulatorDeps extends ServiceDeps {
  /** Called for every frame before it is sent; on the hot path. The bytes may be kept. */
  readonly onFrame?: FrameHandler
  readonly clock?: ScheduleClock
}

export interface Simulator extends Running {
  readonly simulation: Simulation
  /** Resolves when every PMU can be reached and time begins to run; rejects if a port cannot be had. */
  readonly ready: Promise<void>
  readonly pmus: readonly SimulatedPmu[]
  /** Where a PMU is reached; from `ready` on. */
  addressesOf(pmu: SimulatedPmu): readonly ServerAddress[]
  /** Lets something happen in the grid; see {@link Simulation.trigger}. Throws {@link SimulatorError}. */
  trigger(event: SimulatorEventInput): SimulatorEvent
  /** Ends every event that goes on. */
  endEvents(): void
}

/**
 * Runs a simulated grid by the clock and serves its PMUs. Time begins with the
 * first whole second after all ports are open.
 */
export function startSimulator(input: SimulatorInput, deps: SimulatorDeps): Simulator {
  const config = parseSimulatorConfig(input)
  const clock = deps.clock ?? hostClock
  const simulation = new Simulation(config.simulation, Math.ceil(clock.utcMs() / 1000))
  const stop = new AbortController()
  const signal = AbortSignal.any([deps.signal, stop.signal])
  // Every server listens to it.
  setMaxListeners(0, signal)
  const served = config.serve && servePmus(simulation.pmus, config.serve, { ...deps, signal })
  const servers = served?.servers ?? []

  const ready = Promise.all(servers.map(({ listening }) => listening)).then(() => {})
  const run = async (): Promise<void> => {
    try {
      await ready
      if (simulation.pmus.length > 0) await runByClock(simulation, config, clock, served, { ...deps, signal })
    } finally {
      // What fails here takes the sockets down with it.
      stop.abort()
      await Promise.allSettled(servers.map(({ done }) => done))
    }
  }
  const done = run()
  // Whoever looks at one of them sees the same rejection.
  done.catch(() => {})
  ready.catch(() => {})
  for (const server of servers) server.done.catch(() => {})

  return {
    simulation,
    done,
    ready,
    pmus: simulation.pmus,
    addressesOf: (pmu) => served?.addressesOf(pmu) ?? [],
    trigger: (event) => simulation.trigger(event),
    endEvents: () => simulation.endEvents(),
  }
}

async function runByClock(
  simulation: Simulation,
  { reportingDelayMs, catchUpMs }: ReturnType<typeof parseSimulatorConfig>,
  clock: ScheduleClock,
  served: PmuServers | undefined,
  deps: SimulatorDeps,
): Promise<void> {
  const { signal, log, metrics, onFrame } = deps
  const made = metrics.counter('phasorbus_simulator_frames_total', 'data frames made')
  const skipped = metrics.counter(
    'phasorbus_simulator_skipped_frames_total',
    'data frames never made: the process was further behind than it may catch up',
  )
  const lateness = metrics.gauge(
    'phasorbus_simulator_lateness_seconds',
    'how long after its time the last instant was made',
  )
  const unsettled = metrics.gauge(
    'phasorbus_simulator_unsettled_solutions',
    'power flows that did not settle: a load is beyond what the feeder carries',
  )
  const handle: FrameHandler = (pmu, frame) => {
    made.add()
    onFrame?.(pmu, frame)
    served?.outputs.get(pmu)?.data(frame)
  }

  await runSchedule({
    clock,
    signal,
    startSoc: Math.ceil(clock.utcMs() / 1000),
    fractions: simulation.slots.map(({ fraction }) => fraction),
    delayMs: reportingDelayMs,
    catchUpMs,
    onSlot(soc, second, index) {
      simulation.run(second, index, soc, handle)
      const dueMs = (soc + simulation.slots[index]!.fraction) * 1000 + reportingDelayMs
      lateness.set((clock.utcMs() - dueMs) / 1000)
      unsettled.set(simulation.unsettled)
    },
    onSkip(seconds) {
      if (seconds > 0) skipped.add(seconds * simulation.framesPerSecond)
      log.warn(
        { seconds },
        seconds > 0 ? 'skipped seconds of the simulation' : 'clock was set back, seconds come again',
      )
    },
  })
}
