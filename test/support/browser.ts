/** A real Chromium, without a window, for the pages of the dashboard. */
import type { Browser, Page } from 'playwright-core'
import { onTestFinished } from 'vitest'
import { CHROMIUM, startBrowser } from '../../bench/support/chromium.ts'
import { type Need, needsPath } from './needs.ts'

export { startBrowser } from '../../bench/support/chromium.ts'

export const needsChromium = (): Need => needsPath(CHROMIUM, 'apt-get install chromium, or PHASORBUS_CHROMIUM=its path')

/** Closed when the test is over. */
export async function openBrowser(): Promise<Browser> {
  const browser = await startBrowser()
  onTestFinished(() => browser.close())
  return browser
}

export interface WatchedPage {
  readonly page: Page
  /** What went wrong in it: exceptions, errors on the console, requests to elsewhere. */
  readonly faults: readonly string[]
}

/** A page that is watched: `faults` is to be empty at the end. */
export async function watchedPage(
  browser: Browser,
  url: string,
  options: Parameters<Browser['newPage']>[0] = {},
): Promise<WatchedPage> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, ...options })
  const faults: string[] = []
  page.on('pageerror', (error) => faults.push(error.stack ?? error.message))
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(message.text())
  })
  page.on('request', (request) => {
    const to = new URL(request.url())
    if (!['data:', 'blob:'].includes(to.protocol) && to.host !== new URL(url).host)
      faults.push(`asked ${request.url()}`)
  })
  return { page, faults }
}
