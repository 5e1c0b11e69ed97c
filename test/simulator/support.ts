import { compileDecoder, type DataSample, type PmuSample } from '../../src/c37118/index.ts'
import type { SimulationInput } from '../../src/simulator/config.ts'
import type { SimulatedPmu } from '../../src/simulator/simulated-pmu.ts'
import { Simulation } from '../../src/simulator/simulation.ts'

export const START_SOC = 1_700_000_000

/** No noise, nothing that wanders, balanced phases. */
export const still = {
  grid: { ambientPercent: 0, loadWanderPercent: 0, unbalancePercent: 0 },
  noise: { phasorPercent: 0, frequencyMhz: 0, rocof: 0 },
} as const satisfies SimulationInput

/** Runs whole seconds and hands out every frame. */
export function runSeconds(
  simulation: Simulation,
  from: number,
  until: number,
  onFrame: (frame: Uint8Array, pmu: SimulatedPmu) => void,
): void {
  for (let second = from; second < until; second++) {
    for (let index = 0; index < simulation.slots.length; index++) {
      simulation.run(second, index, START_SOC + second, (pmu, frame) => onFrame(frame, pmu))
    }
  }
}

/** Every frame of the first seconds, in order. */
export function framesOf(input: SimulationInput, seconds: number): Uint8Array[] {
  const frames: Uint8Array[] = []
  runSeconds(new Simulation(input, START_SOC), 0, seconds, (frame) => frames.push(frame))
  return frames
}

export interface Decoded extends DataSample {
  /** Seconds after the start. */
  readonly t: number
  readonly pmu: PmuSample
}

/** The decoded frames of the first PMU over the first seconds. */
export function samplesOf(input: SimulationInput, seconds: number): Decoded[] {
  const simulation = new Simulation(input, START_SOC)
  const first = simulation.pmus[0]!
  const decoder = compileDecoder(first.configuration)
  const samples: Decoded[] = []
  runSeconds(simulation, 0, seconds, (frame, pmu) => {
    if (pmu !== first) return
    const sample = decoder.decode(frame)
    samples.push({ ...sample, t: sample.soc - START_SOC + sample.fraction / 1e6, pmu: sample.pmus[0]! })
  })
  return samples
}
