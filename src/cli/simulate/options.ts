import { InvalidArgumentError } from 'commander'
import { parseEventLine, SimulatorError, type SimulatorEvent } from '../../simulator/index.ts'
import { wholeNumber } from '../number-option.ts'
import type { FormatChoice } from './format-option.ts'

/** What commander makes of the command line. */
export interface SimulateOptions {
  readonly pmus: number
  readonly buses?: readonly number[]
  readonly rate: readonly number[]
  readonly format: FormatChoice
  readonly nominal: 50 | 60
  readonly idcode: number
  readonly standard: 2005 | 2011
  readonly host: string
  readonly port: number
  readonly onePort?: true
  readonly udp?: string
  readonly delay: number
  readonly seed: number
  readonly event: readonly SimulatorEvent[]
  readonly script?: string
  readonly for?: number
  readonly input: boolean
  readonly json?: true
}

/** `1,18,33` */
export function wholeNumbers(least: number, most: number): (text: string) => readonly number[] {
  const read = wholeNumber(least, most)
  return (text) => text.split(',').map((part) => read(part.trim()))
}

export function oneOf<N extends number>(...choices: readonly N[]): (text: string) => N {
  return (text) => {
    const found = choices.find((choice) => String(choice) === text)
    if (found === undefined) throw new InvalidArgumentError(`It is ${choices.join(' or ')}.`)
    return found
  }
}

/** Adds an event line to those given before. */
export function collectEvents(line: string, before: readonly SimulatorEvent[]): readonly SimulatorEvent[] {
  try {
    return [...before, parseEventLine(line)]
  } catch (error) {
    if (!(error instanceof SimulatorError) || error.facts.code !== 'SIMULATOR_BAD_EVENT') throw error
    throw new InvalidArgumentError(`${error.facts.problems.join('; ')}.`)
  }
}
