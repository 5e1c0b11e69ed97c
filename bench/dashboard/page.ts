/** A line of simulated PMUs with its dashboard, and pages of it that say how they fare. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, CDPSession, Page } from 'playwright-core'
import { startPhasorbus } from '../support/children.ts'
import { startBrowser } from '../support/chromium.ts'
import { freePort } from '../support/free-port.ts'

export const site = 'area/substation/1'

/** Calls `use` while they run. */
export async function withDashboard<T>(pmus: number, use: (browser: Browser, url: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'phasorbus-bench-'))
  const port = await freePort()
  const file = join(folder, 'grid.yaml')
  await writeFile(file, gridOf(port, pmus))
  const child = startPhasorbus('line', ['run', file])
  const browser = await startBrowser()
  try {
    await child.ready(/"msg":"ready"/)
    return await use(browser, `http://127.0.0.1:${port}/`)
  } finally {
    await browser.close()
    await child.end()
    await rm(folder, { recursive: true, force: true })
  }
}

export interface WatchedPage {
  readonly page: Page
  readonly devtools: CDPSession
}

/** Of a path behind `#/`. Resolves when all PMUs are online. */
export async function openPage(browser: Browser, url: string): Promise<WatchedPage> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } })
  await page.addInitScript(WATCH)
  await page.goto(`${url}#/grid`)
  const devtools = await page.context().newCDPSession(page)
  await page.getByText(/(\d+) of \1 PMUs online/).waitFor()
  return { page, devtools }
}

export const goTo = async ({ page }: WatchedPage, route: string): Promise<void> => {
  await page.evaluate(`location.hash = ${JSON.stringify(`#/${route}`)}`)
}

/** A hidden page gets no animation frames; its messages go on. */
export const hide = async ({ page }: WatchedPage): Promise<void> => {
  await page.evaluate('phasorbusHide(true)')
}

/** Of a page of a PMU that was hidden: ms from the moment that it is seen to the one at which it shows a frame of the last half second. */
export const rightAfterMs = async ({ page }: WatchedPage): Promise<number> =>
  (await page.evaluate(RIGHT_AFTER)) as number

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

const RIGHT_AFTER = `(async () => {
  const shownMs = performance.now()
  phasorbusHide(false)
  for (;;) {
    const told = document.querySelector('[data-fact="time of the newest frame"]')?.textContent ?? ''
    if (Date.now() - Date.parse(told.replace(' ', 'T') + 'Z') < 500) return performance.now() - shownMs
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
})()`

/** What is in use when the garbage has gone. */
export async function heapKib({ devtools }: WatchedPage): Promise<number> {
  await devtools.send('HeapProfiler.collectGarbage')
  const { usedSize } = await devtools.send('Runtime.getHeapUsage')
  return usedSize / 1024
}

const gridOf = (port: number, pmus: number): string =>
  JSON.stringify({
    area: 'area',
    broker: { embedded: { listen: [] } },
    sites: [
      {
        location: 'substation/1',
        pmus: Array.from({ length: pmus }, (_, n) => ({ id: n + 1, idcode: n + 1, source: `simulated:${n + 1}` })),
      },
      { location: 'control-center/1', historians: [{ api: { listen: `127.0.0.1:${port}` } }] },
    ],
  })
