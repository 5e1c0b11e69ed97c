import { MAX_MISSED, type PdcFigures } from '../streams/index.ts'
import type { LatencyFigures } from './latencies.ts'
import type { InputCounters, OutputCounters } from './output-counters.ts'

export interface Reported {
  readonly inputs: readonly { readonly name: string; readonly counters: InputCounters }[]
  readonly pmus: number
  readonly counters: OutputCounters
  readonly revised: number
  readonly latency: LatencyFigures | undefined
  readonly final: string | null
  /** Of inputs that it has no more. */
  readonly unused: Readonly<Record<string, number>>
  readonly errors: Readonly<Record<string, number>>
}

/** What the state of an output's stream says of it. */
export function figuresOf({ inputs, pmus, counters, revised, latency, final, unused, errors }: Reported): PdcFigures {
  const { complete, partial, empty } = counters
  const missed = inputs
    .map(({ name, counters }) => [name, counters.missed.value] as const)
    .filter(([, count]) => count > 0)
    .toSorted(([, one], [, other]) => other - one)
  return {
    inputs: inputs.length,
    pmus,
    frames: { complete: complete.value, partial: partial.value, empty: empty.value, revised },
    latency_ms: latency ? millisecondsOf(latency) : null,
    final,
    unused: sumsOf([unused, ...inputs.map(({ counters }) => unusedOf(counters))]),
    errors,
    missed: Object.fromEntries(missed.slice(0, MAX_MISSED)),
  }
}

export const unusedOf = ({ misplaced }: InputCounters): Readonly<Record<string, number>> =>
  Object.fromEntries(Object.entries(misplaced).map(([reason, { value }]) => [reason, value]))

/** By reason; those of zero are left out. */
export function sumsOf(counts: readonly Readonly<Record<string, number>>[]): Readonly<Record<string, number>> {
  const sums: Record<string, number> = {}
  for (const each of counts) {
    for (const [reason, count] of Object.entries(each)) if (count > 0) sums[reason] = (sums[reason] ?? 0) + count
  }
  return sums
}

const millisecondsOf = ({ min, mean, p99, max }: LatencyFigures): LatencyFigures => ({
  min: round(min),
  mean: round(mean),
  p99: round(p99),
  max: round(max),
})
/** To hundredths of a millisecond. */
const round = (us: number): number => Math.round(us / 10) / 100
