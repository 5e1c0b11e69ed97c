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
  /** Every instant before it is final, ISO 8601: nothing of it comes any more, nor is completed; `null` before the first. */
  readonly final: string | null
  /** Frames of inputs that had no place, by reason: `late`, `duplicate`, `stale`, `future` …; none is left out that is not zero. */
  readonly unused: Readonly<Record<string, number>>
  /** What came for inputs and could not be used, by reason: `bad-checksum` … */
  readonly errors: Readonly<Record<string, number>>
  /** Inputs that frames went without most often: at most 16. */
  readonly missed: Readonly<Record<string, number>>
}

export const MAX_MISSED = 16
const MAX_REASONS = 32

export function parsePdcFigures(value: unknown): PdcFigures {
  const { inputs, pmus, frames, latency_ms, final, unused, errors, missed } = asObject(value)
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
    final: typeof final === 'string' ? time(final) : null,
    unused: counts(unused, 'unused', MAX_REASONS),
    errors: counts(errors, 'errors', MAX_REASONS),
    missed: counts(missed, 'missed', MAX_MISSED),
  }
}

const counts = (value: unknown, name: string, most: number): Readonly<Record<string, number>> =>
  Object.fromEntries(
    Object.entries(asObject(value))
      .slice(0, most)
      .map(([key, count]) => [key, number(count, name)]),
  )

function time(iso: string): string {
  if (Number.isFinite(Date.parse(iso))) return iso
  throw new ContractError({ code: 'STATE_INVALID', problem: 'pdc.final is no time' }, 'pdc.final is no time')
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
