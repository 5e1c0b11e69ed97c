/** What the stream of a PDC says of itself, in its state: since its process began. */
import { ContractError } from './contract-error.ts'

export interface PdcFigures {
  readonly inputs: number
  readonly pmus: number
  readonly frames: {
    /** Of all inputs, of some, of none. */
    readonly complete: number
    readonly partial: number
    readonly empty: number
    /** Completed after their moment. */
    readonly revised: number
  }
  /** From an instant to its frame, over the last ten seconds; `null` where there was none. */
  readonly latency_ms: {
    readonly min: number
    readonly mean: number
    readonly p99: number
    readonly max: number
  } | null
  /** Inputs that frames went without most often: at most 16. */
  readonly missed: Readonly<Record<string, number>>
}

export const MAX_MISSED = 16

export function parsePdcFigures(value: unknown): PdcFigures {
  const { inputs, pmus, frames, latency_ms, missed } = asObject(value)
  const { complete, partial, empty, revised } = asObject(frames)
  return {
    inputs: number(inputs, 'inputs'),
    pmus: number(pmus, 'pmus'),
    frames: {
      complete: number(complete, 'complete'),
      partial: number(partial, 'partial'),
      empty: number(empty, 'empty'),
      revised: number(revised, 'revised'),
    },
    latency_ms: latency_ms === null || latency_ms === undefined ? null : latencyOf(latency_ms),
    missed: Object.fromEntries(
      Object.entries(asObject(missed))
        .slice(0, MAX_MISSED)
        .map(([input, count]) => [input, number(count, 'missed')]),
    ),
  }
}

function latencyOf(value: unknown): NonNullable<PdcFigures['latency_ms']> {
  const { min, mean, p99, max } = asObject(value)
  return { min: number(min, 'min'), mean: number(mean, 'mean'), p99: number(p99, 'p99'), max: number(max, 'max') }
}

function number(value: unknown, name: string): number {
  if (typeof value === 'number' && Number.isFinite(value)) return value
  throw new ContractError({ code: 'STATE_INVALID', problem: `pdc.${name} is no number` }, `pdc.${name} is no number`)
}

const asObject = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
