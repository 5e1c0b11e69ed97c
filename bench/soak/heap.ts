import type { HostProcess } from '../lab/host-process.ts'
import { median } from '../support/quantiles.ts'

export interface HeapSample {
  /** Monotonic. */
  readonly atMs: number
  /** Written by the PMUs until then. */
  readonly frames: number
  /** Bytes of heap and of memory held outside of it, after collection: PMU-adapter and PDC-adapter. */
  readonly publisher: number
  readonly consumer: number
}

const asked = new WeakMap<HostProcess, number>()

/** Of a process that was started with `heap-probe.ts`. */
export async function heapOf(process: HostProcess): Promise<number> {
  const number = (asked.get(process) ?? 0) + 1
  asked.set(process, number)
  globalThis.process.kill(process.pid, 'SIGUSR2')
  const [, bytes] = await process.ready(new RegExp(`heap-probe ${number} (\\d+)\\n`), 30_000)
  return Number(bytes)
}

/** Apart. */
export const sampleEveryMs = 4_000
/** A journal keeps what came in the last 20 s in memory too, and then lets it go: together these see all of that. */
const together = 5

/**
 * Bytes for each frame: the median of the slopes between all pairs of samples
 * (Theil–Sen), after the mean of each five that follow each other. NaN of too few.
 */
export function growthOf(samples: readonly HeapSample[], of: 'publisher' | 'consumer'): number {
  const means: { readonly frames: number; readonly bytes: number }[] = []
  for (let i = 0; i + together <= samples.length; i += together) {
    const some = samples.slice(i, i + together)
    means.push({ frames: mean(some.map(({ frames }) => frames)), bytes: mean(some.map((sample) => sample[of])) })
  }
  const slopes = means.flatMap((from, i) =>
    means.slice(i + 1).map((to) => (to.bytes - from.bytes) / (to.frames - from.frames)),
  )
  return slopes.length > 0 ? median(slopes) : Number.NaN
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
