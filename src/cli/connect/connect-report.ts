import type { SourceStatus } from '../../link/index.ts'
import { type ConfigurationJson, configurationJson } from '../../streams/index.ts'
import type { ConnectModel } from './connect-model.ts'
import type { DialogueStep } from './dialogue.ts'
import type { Doubt } from './doubt.ts'
import { clockDoubts, lateDoubts, statusDoubts } from './stream-doubts.ts'
import { rotationOf, wiringDoubts } from './wiring-doubts.ts'

/** What `connect --json` prints: stable names, for programs. */
export interface ConnectReport {
  readonly source: string
  readonly idcode: number
  readonly online: boolean
  readonly dialogue: readonly { at_ms: number; kind: DialogueStep['kind']; text: string }[]
  readonly header: string | null
  /** As `decode --json` prints it, and each PMU's `rotation`: ABC, ACB, or null where it cannot be told. */
  readonly configuration: ConfigurationJson | null
  readonly frames: {
    readonly received: number
    /** Reporting times between the first and the last frame that no frame came for. */
    readonly lost: number
    readonly duplicates: number
    readonly steps_back: number
  }
  readonly chk_errors: number
  readonly discarded_bytes: number
  /** Frames per second. */
  readonly rate: { readonly configured: number; readonly measured: number | null }
  readonly latency_ms: { readonly min: number; readonly p50: number; readonly p99: number; readonly max: number } | null
  readonly doubts: readonly Doubt[]
}

export function connectReport(model: ConnectModel, status: SourceStatus): ConnectReport {
  const { statistics, inForce, live } = model
  const { frames, lost, duplicates, stepsBack } = model.totals
  const latency = live ? statistics?.latency() : undefined
  return {
    source: status.transport,
    idcode: status.idcode,
    online: status.online,
    dialogue: model.dialogue.steps.map(({ atMs, kind, text }) => ({ at_ms: atMs, kind, text })),
    header: model.headerText ?? null,
    configuration: inForce ? withRotation(configurationJson(inForce), model) : null,
    frames: { received: frames, lost, duplicates, steps_back: stepsBack },
    chk_errors: status.badChecksums,
    discarded_bytes: Object.values(status.discardedBytes).reduce((sum, count) => sum + count, 0),
    rate: { configured: statistics?.configuredRate ?? 0, measured: live ? rounded(statistics?.measuredRate) : null },
    latency_ms: latency
      ? {
          min: rounded(latency.min)!,
          p50: rounded(latency.p50)!,
          p99: rounded(latency.p99)!,
          max: rounded(latency.max)!,
        }
      : null,
    doubts: doubtsOf(model),
  }
}

/** Everything that looks wrong by what has come so far. */
export function doubtsOf({ inForce, samples, statistics, live }: ConnectModel): Doubt[] {
  if (!inForce || !statistics) return []
  const stream = inForce.pmus[0]?.stn ?? ''
  const inOrder = statistics.stepsBack === 0
  return [
    ...inForce.pmus.flatMap((pmu, index) => [
      ...wiringDoubts(
        pmu,
        samples.map((sample) => sample.pmus[index]!.phasors),
      ),
      ...statusDoubts(inForce, index, samples),
    ]),
    ...lateDoubts(stream, statistics.stepsBack),
    ...(live && inOrder ? clockDoubts(stream, statistics.latency()?.p50) : []),
    ...rateDoubts(stream, statistics, live && inOrder),
  ]
}

function rateDoubts(
  pmu: string,
  { frames, configuredRate, measuredRate, offGrid }: NonNullable<ConnectModel['statistics']>,
  live: boolean,
): Doubt[] {
  const doubts: Doubt[] = []
  const enough = frames > Math.max(20, 2 * configuredRate)
  if (live && enough && measuredRate !== undefined && Math.abs(measuredRate / configuredRate - 1) > 0.05) {
    const message = `${measuredRate.toFixed(1)} frames/s arrive, DATA_RATE says ${configuredRate}`
    doubts.push({
      code: 'RATE',
      pmu,
      channels: ['DATA_RATE'],
      message,
      hint: 'a slow network, or another rate than the PMU says',
    })
  }
  if (enough && offGrid > frames / 10) {
    const message = `${offGrid} of ${frames} timestamps lie beside their reporting times`
    doubts.push({
      code: 'SLOTS',
      pmu,
      channels: ['FRACSEC'],
      message,
      hint: 'a PMU reports at whole multiples of 1/DATA_RATE within the second',
    })
  }
  return doubts
}

function withRotation(configuration: ConfigurationJson, { inForce, samples }: ConnectModel): ConfigurationJson {
  const rotation = (index: number): 'ABC' | 'ACB' | null => {
    const pmu = inForce?.pmus[index]
    const phasors = samples.map(({ pmus }) => pmus[index]!.phasors)
    return (pmu && rotationOf(pmu, phasors)) ?? null
  }
  return { ...configuration, pmus: configuration.pmus.map((pmu, i) => ({ ...pmu, rotation: rotation(i) })) }
}

function rounded(value: number | undefined): number | null {
  return value === undefined ? null : Math.round(value * 1000) / 1000
}
