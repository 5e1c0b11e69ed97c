/** How much of a period is held, as a strip draws it: what stands beside each other and is the same is one. Pure. */
import type { CompletenessCounts } from '../../../src/api/answers.ts'

export interface HeldRun {
  readonly fromUs: number
  readonly toUs: number
  /** Of what is expected: 1 where nothing is missing. */
  readonly part: number
}

/** None where nothing is expected, or nothing held. */
export function heldRuns(
  parts: readonly Pick<CompletenessCounts, 'from_us' | 'to_us' | 'held' | 'expected'>[],
): readonly HeldRun[] {
  const runs: HeldRun[] = []
  for (const { from_us: fromUs, to_us: toUs, held, expected } of parts) {
    if (held === 0 || expected === 0) continue
    const run = { fromUs, toUs, part: held / expected }
    const last = runs.at(-1)
    if (last?.toUs === fromUs && last.part === run.part) runs[runs.length - 1] = { ...last, toUs }
    else runs.push(run)
  }
  return runs
}
