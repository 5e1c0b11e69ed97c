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

const atEachEnd = 5

/** Bytes for each frame between the first samples and the last, by their medians; NaN of too few. */
export function growthOf(samples: readonly HeapSample[], of: 'publisher' | 'consumer'): number {
  const count = Math.min(atEachEnd, Math.floor(samples.length / 2))
  const [first, last] = [samples.slice(0, count), samples.slice(samples.length - count)]
  const between = (pick: (sample: HeapSample) => number): number => median(last.map(pick)) - median(first.map(pick))
  return between((sample) => sample[of]) / between(({ frames }) => frames)
}
