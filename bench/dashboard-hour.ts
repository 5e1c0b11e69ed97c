/** A tab that is left open for an hour, and one that nobody sees: what they grow by, and how soon the latter is right. */
import { setTimeout as sleep } from 'node:timers/promises'
import { goTo, heapKib, hide, openPage, rightAfterMs, site, withDashboard } from './dashboard/page.ts'
import type { BenchOptions, Figures } from './figures.ts'

/** What a tab keeps grows with its streams, not with time: few of them, so that it can run beside other work. */
const PMUS = 4
/** The longest that anything of a page looks back: what it keeps is full by then. */
const FULL_MS = 600_000

export async function dashboardHour({ quick, note }: BenchOptions): Promise<Figures> {
  const plan = quick ? { fullMs: 5000, everyMs: 5000, looks: 4 } : { fullMs: FULL_MS, everyMs: 600_000, looks: 6 }
  return await withDashboard(PMUS, async (browser, url) => {
    const tabs = { open: await openPage(browser, url), hidden: await openPage(browser, url) }
    await goTo(tabs.open, 'health')
    await goTo(tabs.hidden, `pmu?stream=${encodeURIComponent(`${site}/PMU/1`)}`)
    await sleep(plan.fullMs)
    await hide(tabs.hidden)
    const heaps: Record<keyof typeof tabs, number>[] = []
    for (let look = 0; look <= plan.looks; look++) {
      if (look > 0) await sleep(plan.everyMs)
      const heap = { open: await heapKib(tabs.open), hidden: await heapKib(tabs.hidden) }
      heaps.push(heap)
      note(`${(look * plan.everyMs) / 60_000} min: open ${mib(heap.open)} MiB, hidden ${mib(heap.hidden)} MiB`)
    }
    const afterMs = await rightAfterMs(tabs.hidden)
    note(`right ${afterMs.toFixed(0)} ms after it is seen`)
    const minutes = (plan.looks * plan.everyMs) / 60_000
    return {
      minutes,
      heap_kib_open: Math.round(heaps.at(-1)!.open),
      heap_kib_hidden: Math.round(heaps.at(-1)!.hidden),
      growth_kib_per_min_open: slope(heaps.map(({ open }) => open)) / (plan.everyMs / 60_000),
      growth_kib_per_min_hidden: slope(heaps.map(({ hidden }) => hidden)) / (plan.everyMs / 60_000),
      right_after_ms: afterMs,
    }
  })
}

const mib = (kib: number): string => (kib / 1024).toFixed(2)

/** Of the line through values at equal distances, by least squares: for each of them. */
function slope(values: readonly number[]): number {
  const middle = (values.length - 1) / 2
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  let [over, under] = [0, 0]
  values.forEach((value, at) => {
    over += (at - middle) * (value - mean)
    under += (at - middle) ** 2
  })
  return over / under
}
