/**
 * What a browser takes to show 20 PMUs of 50 frames/s: tasks that hold up whoever
 * clicks, what the page grows by, also while nobody sees it, and how soon it is right
 * when it is seen again. Headless Chromium draws without a GPU, on the processor that
 * the PMUs, the bus and the historian have, too: a harder case than an operator's desk.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { goTo, heapKib, hide, openPage, rightAfterMs, site, type WatchedPage, withDashboard } from './dashboard/page.ts'
import type { BenchOptions, Figures } from './figures.ts'

const PMUS = 20
/** Code is compiled, and rings begin to fill; they are full after a minute. */
const SETTLE_MS = 5000
const RING_MS = 60_000

const routes = {
  grid: 'grid',
  pmu: `pmu?stream=${encodeURIComponent(`${site}/PMU/1`)}`,
  compare: `compare?${Array.from({ length: PMUS }, (_, n) => `c=${encodeURIComponent(`${site}/PMU/${n + 1}|1.freq`)}`).join('&')}`,
  health: 'health',
} as const

export async function dashboard({ quick, note }: BenchOptions): Promise<Figures> {
  const plan = quick
    ? { shownMs: 5000, fillMs: 0, hiddenMs: 5000 }
    : { shownMs: 150_000, fillMs: RING_MS, hiddenMs: 60_000 }
  return await withDashboard(PMUS, async (browser, url) => {
    const page = await openPage(browser, url)
    await sleep(plan.fillMs)
    const shown = await ofPages(page, plan.shownMs, note)
    const hidden = await whileHidden(page, plan.hiddenMs, note)
    return { ...shown, ...hidden }
  })
}

async function ofPages(watched: WatchedPage, shownMs: number, note: (line: string) => void): Promise<Figures> {
  const figures: Record<string, number> = {}
  const all: number[] = []
  for (const [name, route] of Object.entries(routes)) {
    await goTo(watched, route)
    await sleep(SETTLE_MS)
    await watched.page.evaluate('phasorbusTasks.length = 0')
    const before = await heapKib(watched)
    await sleep(shownMs)
    const tasks = (await watched.page.evaluate('phasorbusTasks')) as number[]
    const grew = ((await heapKib(watched)) - before) / (shownMs / 60_000)
    all.push(...tasks)
    figures[`longest_task_ms_${name}`] = Math.max(0, ...tasks)
    figures[`long_tasks_${name}`] = tasks.length
    figures[`growth_kib_per_min_${name}`] = Math.round(grew)
    note(
      `${name}: ${tasks.length} tasks over 50 ms, the longest ${Math.max(0, ...tasks)} ms; ${Math.round(grew)} KiB/min`,
    )
  }
  figures.long_tasks = all.length
  figures.longest_task_ms = Math.max(0, ...all)
  figures.shown_s = (Object.keys(routes).length * shownMs) / 1000
  return figures
}

async function whileHidden(watched: WatchedPage, hiddenMs: number, note: (line: string) => void): Promise<Figures> {
  await goTo(watched, routes.pmu)
  await sleep(SETTLE_MS)
  await hide(watched)
  const before = await heapKib(watched)
  await sleep(hiddenMs)
  const grew = ((await heapKib(watched)) - before) / (hiddenMs / 60_000)
  const afterMs = await rightAfterMs(watched)
  note(`hidden: ${Math.round(grew)} KiB/min; right ${afterMs.toFixed(0)} ms after it is seen`)
  return { growth_kib_per_min_hidden: Math.round(grew), hidden_s: hiddenMs / 1000, right_after_ms: afterMs }
}
