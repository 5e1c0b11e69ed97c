import type { ReadFrame } from '../lab/witness.ts'
import type { Series } from './fault.ts'

const binMs = 100
const beforeMs = 1_000
/** A broker that pushes what it has holds up live frames for a quarter of a minute, or half of one. */
const afterMs = 40_000
/** Frames have to be written for so long after the fault's end. */
export const seriesMs = afterMs + 5_000

/** Around the moment of reconnection: the first frame that was read after the fault's end. */
export function seriesOf(reads: readonly ReadFrame[], healMs: number): Series {
  const first = reads.find(({ readAtMs }) => readAtMs >= healMs)?.readAtMs ?? healMs
  const bins = (beforeMs + afterMs) / binMs
  const counts = new Array<number>(bins).fill(0)
  const live = new Array<number | null>(bins).fill(null)
  for (const { readAtMs, writtenAtMs } of reads) {
    const bin = Math.floor((readAtMs - first + beforeMs) / binMs)
    if (bin < 0 || bin >= bins) continue
    counts[bin]! += 1
    if (writtenAtMs >= healMs) live[bin] = Math.max(live[bin] ?? 0, Number((readAtMs - writtenAtMs).toFixed(1)))
  }
  return { fromMs: -beforeMs, binMs, rate: counts.map((count) => (count * 1000) / binMs), live_ms: live }
}
