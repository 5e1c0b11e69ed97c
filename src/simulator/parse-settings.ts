import type { z } from 'zod'
import { type SimulationInput, SimulationSettings, SimulatorConfig, type SimulatorInput } from './config.ts'
import { SimulatorEvent } from './events.ts'
import { SimulatorError } from './simulator-error.ts'

/** Checks what a simulation is to be. Throws {@link SimulatorError} with every problem. */
export function parseSettings(input: SimulationInput): SimulationSettings {
  return parse(SimulationSettings, input, 'SIMULATOR_BAD_SETTINGS')
}

/** The same for a simulator with its sockets. */
export function parseSimulatorConfig(input: SimulatorInput): SimulatorConfig {
  return parse(SimulatorConfig, input, 'SIMULATOR_BAD_SETTINGS')
}

/** Checks an event from outside. Throws {@link SimulatorError}. */
export function parseEvent(input: unknown): SimulatorEvent {
  return parse(SimulatorEvent, input, 'SIMULATOR_BAD_EVENT')
}

function parse<S extends z.ZodType>(
  schema: S,
  input: unknown,
  code: 'SIMULATOR_BAD_SETTINGS' | 'SIMULATOR_BAD_EVENT',
): z.output<S> {
  const result = schema.safeParse(input)
  if (result.success) return result.data
  const problems = result.error.issues.map(({ path, message }) =>
    path.length > 0 ? `${path.map(String).join('.')}: ${message}` : message,
  )
  throw new SimulatorError({ code, problems }, problems.join('; '))
}
