import {
  type Configuration,
  type DataSample,
  decodeStat,
  decodeTimeQuality,
  describeStat,
  describeTimeQuality,
  framesPerSecond,
  type PmuConfiguration,
  type PmuSample,
  timestampOf,
} from '../../c37118/index.ts'
import { unitRatio } from './complex.ts'
import type { Doubt } from './doubt.ts'

/** Frequencies that differ by more than this do not come from the same signal. */
const FREQUENCY_TOLERANCE_HZ = 0.05
/** No grid runs so far from its nominal frequency. */
const FREQUENCY_RANGE_HZ = 5
/** GPS time runs ahead of UTC by so many seconds since 2017. */
const GPS_AHEAD_S = 18

/** Doubts about frequency, status and clock of one PMU in a stream. */
export function statusDoubts(configuration: Configuration, index: number, samples: readonly DataSample[]): Doubt[] {
  const pmu = configuration.pmus[index]!
  const last = samples.at(-1)
  if (!last) return []
  return [...frequencyDoubts(configuration, pmu, index, samples), ...statDoubts(pmu, last, last.pmus[index]!)]
}

function frequencyDoubts(
  configuration: Configuration,
  pmu: PmuConfiguration,
  index: number,
  samples: readonly DataSample[],
): Doubt[] {
  const said = mean(samples.map((sample) => sample.pmus[index]!.freq).filter(Number.isFinite))
  if (said === undefined) return []
  const doubt = (message: string, hint: string): Doubt[] => [
    { code: 'FREQUENCY', pmu: pmu.stn, channels: ['FREQ'], message, hint },
  ]
  if (Math.abs(said - pmu.fnom) > FREQUENCY_RANGE_HZ) {
    return doubt(
      `FREQ is ${said.toFixed(3)} Hz in a grid of ${pmu.fnom} Hz`,
      'the PMU has no signal to measure, or says another FNOM than it uses',
    )
  }
  const turned = measuredFrequency(configuration, pmu, index, samples)
  const rate = framesPerSecond(configuration.dataRate)
  if (turned === undefined || rate < 10) return []
  const apart = ((((turned - said) % rate) + 1.5 * rate) % rate) - rate / 2
  if (Math.abs(apart) <= FREQUENCY_TOLERANCE_HZ) return []
  return doubt(
    `the phasors turn at ${turned.toFixed(3)} Hz, FREQ says ${said.toFixed(3)} Hz`,
    'timestamps that drift, another nominal frequency, or values that are made up',
  )
}

/** Frequency by how fast the largest voltage phasor turns against UTC. */
function measuredFrequency(
  { timeBase }: Configuration,
  pmu: PmuConfiguration,
  index: number,
  samples: readonly DataSample[],
): number | undefined {
  const channel = largestVoltage(pmu, samples.at(-1)!.pmus[index]!)
  if (channel === undefined) return undefined
  const frequencies: number[] = []
  for (const [i, sample] of samples.entries()) {
    const before = samples[i - 1]
    if (!before) continue
    const seconds = timestampOf(sample, timeBase) - timestampOf(before, timeBase)
    const unit = unitRatio(sample.pmus[index]!.phasors[channel]!, before.pmus[index]!.phasors[channel]!)
    if (unit && seconds > 0 && seconds < 1)
      frequencies.push(pmu.fnom + Math.atan2(unit.im, unit.re) / (2 * Math.PI * seconds))
  }
  return mean(frequencies)
}

function largestVoltage({ phasors }: PmuConfiguration, sample: PmuSample): number | undefined {
  const voltages = [...phasors.keys()].filter(
    (channel) => phasors[channel]!.kind === 'voltage' && sample.phasors[channel]!.magnitude > 0,
  )
  return voltages.toSorted((a, b) => sample.phasors[b]!.magnitude - sample.phasors[a]!.magnitude)[0]
}

function statDoubts(pmu: PmuConfiguration, { version, timeQuality }: DataSample, { stat }: PmuSample): Doubt[] {
  const { dataError, synchronised } = decodeStat(stat)
  const doubts: Doubt[] = []
  const add = (code: Doubt['code'], message: string, hint: string): void => {
    doubts.push({ code, pmu: pmu.stn, channels: ['STAT'], message, hint })
  }
  if (dataError !== 0)
    add('STAT', `STAT says: ${describeStat(stat, version)}`, 'the PMU itself advises against its data')
  if (!synchronised)
    add('NOT_SYNCHRONISED', 'STAT says the PMU is not synchronised to UTC', 'check its clock, antenna or PTP')
  const { indicator } = decodeTimeQuality(timeQuality)
  if (indicator >= 7) {
    add(
      'NOT_SYNCHRONISED',
      `the time quality is: ${describeTimeQuality(timeQuality)}`,
      'angles are only as good as the clock; check antenna or PTP',
    )
  }
  return doubts
}

/** Timestamps against this machine's clock, which has to be right for that. `latencyMs`: the median. */
export function clockDoubts(pmu: string, latencyMs: number | undefined): Doubt[] {
  if (latencyMs === undefined || (latencyMs > -100 && latencyMs < 5000)) return []
  const seconds = latencyMs / 1000
  const hours = seconds / 3600
  const ahead = latencyMs < 0
  const hint = (): string => {
    if (Math.abs(hours) > 0.5 && Math.abs(hours * 2 - Math.round(hours * 2)) < 0.01)
      return 'whole hours: is the PMU set to local time instead of UTC?'
    if (Math.abs(-seconds - GPS_AHEAD_S) < 1) return 'GPS time instead of UTC?'
    return 'one of the two clocks is wrong; see this one’s with `timedatectl`'
  }
  const message = `timestamps are ${spell(Math.abs(seconds))} ${ahead ? 'ahead of' : 'behind'} this machine's clock`
  return [{ code: 'CLOCK', pmu, channels: ['SOC'], message, hint: hint() }]
}

/** Frames behind newer ones: rate and latency say nothing of the device then. */
export function lateDoubts(pmu: string, stepsBack: number): Doubt[] {
  if (stepsBack === 0) return []
  const message = `${stepsBack} times a frame came that is older than the one before it`
  const hint = 'a PDC-adapter that sends what was missed, in which case all is well, or a clock that was set back'
  return [{ code: 'LATE', pmu, channels: ['SOC'], message, hint }]
}

function spell(seconds: number): string {
  if (seconds < 120) return `${seconds.toFixed(1)} s`
  if (seconds < 7200) return `${(seconds / 60).toFixed(1)} min`
  return seconds < 172_800 ? `${(seconds / 3600).toFixed(2)} h` : `${(seconds / 86_400).toFixed(1)} days`
}

function mean(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : values.reduce((sum, each) => sum + each, 0) / values.length
}
