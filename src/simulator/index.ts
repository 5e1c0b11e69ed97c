/**
 * PMUs that are not there: the 33-bus feeder of Baran and Wu as a running grid,
 * with events, measured by any number of simulated PMUs.
 *
 * @example
 * ```ts
 * const simulator = startSimulator(
 *   { simulation: { seed: 7, fleet: { count: 5 } }, serve: { listen: ['tcp://127.0.0.1:4712'] } },
 *   { signal, log, metrics },
 * )
 * await simulator.ready
 * simulator.trigger({ kind: 'load-step', bus: 18, kw: 200 })
 * ```
 *
 * @module
 */

export type { FormatSettings, PmuSettings, SimulationInput, SimulatorInput } from './config.ts'
export { SimulationSettings, SimulatorConfig } from './config.ts'
export type { EventKind } from './event-line.ts'
export { eventKinds, parseEventLine } from './event-line.ts'
export type { SimulatorEventInput } from './events.ts'
export { SimulatorEvent, SimulatorScript } from './events.ts'
export type {
  RecordedStream,
  Recording,
  RecordingReaderOptions,
  Replay,
  ReplayDeps,
  ReplayedStream,
  ReplayFault,
  ReplayInput,
  UnplayableStream,
} from './replay/index.ts'
export { RecordingReader, ReplayConfig, ReplayError, startReplay } from './replay/index.ts'
export type { ScheduleClock } from './schedule.ts'
export type { SimulatedPmu } from './simulated-pmu.ts'
export type { FrameHandler } from './simulation.ts'
export { Simulation } from './simulation.ts'
export type { Simulator, SimulatorDeps } from './simulator.ts'
export { startSimulator } from './simulator.ts'
export type { SimulatorFault } from './simulator-error.ts'
export { SimulatorError } from './simulator-error.ts'
