/** The page History in a real browser, on a historian that has known frames. */
import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import { isoOf } from '../../dashboard/src/history/period.ts'
import type { CompletenessAnswer, StoredEvent } from '../../src/api/answers.ts'
import { openBrowser, watchedPage } from '../support/browser.ts'
import { filledHistorian, timeUs, topics } from './filled-historian.ts'

export const ids = ['1.freq', '1.VA.magnitude', '1.VA.angle'] as const

export interface OpenedHistory extends AsyncDisposable {
  readonly url: string
  readonly page: Page
}

/** A historian, and a page that is watched until its end, which comes before that of the historian; events and gaps are what the test says. */
export async function opened(
  deps: Parameters<typeof filledHistorian>[0],
  {
    token,
    events = [],
    gaps = [],
    bears,
    ...page
  }: {
    readonly token?: string
    readonly events?: readonly StoredEvent[]
    readonly gaps?: CompletenessAnswer['gaps']
    /** Faults that are no fault of the page. */
    readonly bears?: RegExp
    readonly viewport?: { readonly width: number; readonly height: number }
    readonly timezoneId?: string
    readonly hasTouch?: boolean
  } = {},
): Promise<OpenedHistory> {
  const url = await filledHistorian(deps, token === undefined ? {} : { token })
  const watched = await watchedPage(await openBrowser(), url, page)
  await watched.page.route('**/api/v1/events?*', (route) => {
    const asked = new URL(route.request().url()).searchParams
    const [stream, kinds] = [asked.get('stream'), asked.getAll('kind')]
    const told = events.filter(
      (event) => (stream === null || event.stream === stream) && (kinds.length === 0 || kinds.includes(event.kind)),
    )
    return route.fulfill({ json: { events: told, more: false } })
  })
  await watched.page.route('**/api/v1/grid', (route) => route.fulfill({ json: { area: 'area', sites: [] } }))
  const counts = { expected: 15_000, never_produced: 0, not_received: 0, pending: 0 }
  await watched.page.route('**/api/v1/completeness?*', (route) => {
    const isSecond = new URL(route.request().url()).searchParams.get('stream') === topics[1]
    const lost = isSecond ? gaps.reduce((sum, { frames }) => sum + frames, 0) : 0
    const answer = {
      ...counts,
      held: 15_000 - lost,
      lost,
      gaps: isSecond ? gaps : [],
      more_gaps: 0,
      parts: [] as const,
    }
    return route.fulfill({ json: answer })
  })
  return {
    url,
    page: watched.page,
    async [Symbol.asyncDispose]() {
      expect(watched.faults.filter((fault) => !bears?.test(fault))).toEqual([])
      await watched.page.close()
    },
  }
}

export const view = (from: number, to: number, channels: readonly string[] = ids): string => {
  const query = new URLSearchParams({ from: isoOf(timeUs(from)), to: isoOf(timeUs(to)) })
  for (const topic of topics) for (const id of channels) query.append('c', `${topic}|${id}`)
  return `#/history?${query}`
}

/** Every value, or the least and the greatest, of the period that the address says. */
export const isFine = (page: Page, ...either: readonly ('raw' | 'parts')[]): Promise<unknown> =>
  page.waitForFunction((either) => {
    const query = new URLSearchParams(location.hash.split('?')[1])
    const ofIt = `[data-period="${query.get('from')}/${query.get('to')}"]`
    return document.querySelector(either.map((fineness) => `[data-fineness=${fineness}]${ofIt}`).join())
  }, either)
export const row = (pmu: number, id: string): string => `tr[data-stream="${topics[pmu]}"][data-channel="${id}"]`
export const isAt = (page: Page, us: number, pmu = 0, id = '1.freq'): Promise<unknown> =>
  page.waitForSelector(`${row(pmu, id)}[data-time-us="${us}"]`)
export const valueIn = async (page: Page, pmu: number, id: string): Promise<number> =>
  Number(await page.getAttribute(row(pmu, id), 'data-value'))
