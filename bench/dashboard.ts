/**
 * What a browser takes to show 20 PMUs of 50 frames/s: tasks that hold up whoever
 * clicks, what the page grows by, also while nobody sees it, and how soon it is right
 * when it is seen again. Headless Chromium draws without a GPU, on the processor that
 * the PMUs, the bus and the historian have, too: a harder case than an operator's desk.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { CDPSession, Page } from 'playwright-core'
import type { BenchOptions, Figures } from './figures.ts'
import { startPhasorbus } from './support/children.ts'
import { startBrowser } from './support/chromium.ts'
import { freePort } from './support/free-port.ts'

const PMUS = 20
const site = 'area/substation/1'
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
    : { shownMs: 150_000, fillMs: RING_MS, hiddenMs: 240_000 }
  const folder = await mkdtemp(join(tmpdir(), 'phasorbus-bench-'))
  const port = await freePort()
  const file = join(folder, 'grid.yaml')
  await writeFile(file, gridOf(port))
  const child = startPhasorbus('line', ['run', file])
  const browser = await startBrowser()
  try {
    await child.ready(/"msg":"ready"/)
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } })
    await page.addInitScript(WATCH)
    await page.goto(`http://127.0.0.1:${port}/#/grid`)
    const devtools = await page.context().newCDPSession(page)
    await page.getByText(`${PMUS} of ${PMUS} PMUs online`).waitFor()
    await sleep(plan.fillMs)
    const shown = await ofPages(page, devtools, plan.shownMs, note)
    const hidden = await whileHidden(page, devtools, plan.hiddenMs, note)
    return { ...shown, ...hidden }
  } finally {
    await browser.close()
    await child.end()
    await rm(folder, { recursive: true, force: true })
  }
}

async function ofPages(
  page: Page,
  devtools: CDPSession,
  shownMs: number,
  note: (line: string) => void,
): Promise<Figures> {
  const figures: Record<string, number> = {}
  const all: number[] = []
  for (const [name, route] of Object.entries(routes)) {
    await page.evaluate(`location.hash = ${JSON.stringify(`#/${route}`)}`)
    await sleep(SETTLE_MS)
    await page.evaluate('phasorbusTasks.length = 0')
    const before = await heapKib(devtools)
    await sleep(shownMs)
    const tasks = (await page.evaluate('phasorbusTasks')) as number[]
    const grew = ((await heapKib(devtools)) - before) / (shownMs / 60_000)
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

/** A hidden page gets no animation frames; its messages go on. */
async function whileHidden(
  page: Page,
  devtools: CDPSession,
  hiddenMs: number,
  note: (line: string) => void,
): Promise<Figures> {
  await page.evaluate(`location.hash = ${JSON.stringify(`#/${routes.pmu}`)}`)
  await sleep(SETTLE_MS)
  await page.evaluate('phasorbusHide(true)')
  const before = await heapKib(devtools)
  await sleep(hiddenMs)
  const grew = ((await heapKib(devtools)) - before) / (hiddenMs / 60_000)
  const rightAfterMs = (await page.evaluate(RIGHT_AFTER)) as number
  note(`hidden: ${Math.round(grew)} KiB/min; right ${rightAfterMs.toFixed(0)} ms after it is seen`)
  return { growth_kib_per_min_hidden: Math.round(grew), hidden_s: hiddenMs / 1000, right_after_ms: rightAfterMs }
}

/** In the page, before its own code. A page that is nothing but long tasks would fill the list, too. */
const WATCH = `
  const tasks = globalThis.phasorbusTasks = []
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) if (tasks.length < 10_000) tasks.push(duration)
  }).observe({ type: 'longtask' })
  const real = requestAnimationFrame.bind(globalThis)
  let held
  globalThis.requestAnimationFrame = (call) => held ? held.push(call) : real(call)
  globalThis.phasorbusHide = (isHidden) => {
    const waiting = held ?? []
    held = isHidden ? [] : undefined
    for (const call of waiting) real(call)
  }
`

/** Milliseconds from the moment that the page is seen to the one at which it shows a frame of the last half second. */
const RIGHT_AFTER = `(async () => {
  const shownMs = performance.now()
  phasorbusHide(false)
  for (;;) {
    const told = document.querySelector('[data-fact="time of the newest frame"]')?.textContent ?? ''
    if (Date.now() - Date.parse(told.replace(' ', 'T') + 'Z') < 500) return performance.now() - shownMs
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
})()`

async function heapKib(devtools: CDPSession): Promise<number> {
  await devtools.send('HeapProfiler.collectGarbage')
  const { usedSize } = await devtools.send('Runtime.getHeapUsage')
  return usedSize / 1024
}

const gridOf = (port: number): string =>
  JSON.stringify({
    area: 'area',
    broker: { embedded: { listen: [] } },
    sites: [
      {
        location: 'substation/1',
        pmus: Array.from({ length: PMUS }, (_, n) => ({ id: n + 1, idcode: n + 1, source: `simulated:${n + 1}` })),
      },
      { location: 'control-center/1', historians: [{ api: { listen: `127.0.0.1:${port}` } }] },
    ],
  })
