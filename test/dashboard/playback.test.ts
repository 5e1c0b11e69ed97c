import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { isoMicrosOf, isoOf } from '../../dashboard/src/history/period.ts'
import type { StoredStream } from '../../src/api/answers.ts'
import { needsChromium } from '../support/browser.ts'
import { eventually } from '../support/dashboard.ts'
import { testDeps } from '../support/deps.ts'
import { until } from '../support/until.ts'
import { RATE, sampleOf, startUs, timeUs, topics } from './filled-historian.ts'
import { isFine, opened, view } from './opened-history.ts'

const chromium = needsChromium()

describe.skipIf(chromium.skip)(chromium.title('what is played back'), { timeout: 60_000 }, () => {
  const bar = '.playback-bar'
  const isState = (page: Page, state: string) => page.waitForSelector(`${bar}[data-state=${state}]`)
  const shown = async (page: Page) => ({
    n: Math.round(((Number(await page.getAttribute(bar, 'data-time-us')) - startUs) * RATE) / 1e6),
    time: await page.textContent('[data-fact="time of the newest frame"]'),
    voltage: Number(await page.getAttribute('[data-channel="1.VA.magnitude"]', 'data-value')),
  })

  it('is on all pages: the PMU has the values of that time, frame by frame, until one goes back to live', async () => {
    await using deps = testDeps()
    await using history = await opened(deps)
    const { url, page } = history
    await page.goto(url + view(3000, 12_000))
    await isFine(page, 'parts')
    await page.click('text="▶ play"')
    await isState(page, 'playing')
    await page.click('nav >> text=PMU')
    await page.selectOption(`${bar} select`, '10')
    await until(async () => Number(await page.getAttribute(bar, 'data-time-us')) > timeUs(3100))
    await page.keyboard.press('Escape')
    await page.waitForSelector(bar, { state: 'detached' })
    await page.goBack()
    await page.click('text="▶ play"')
    await isState(page, 'playing')
    await page.keyboard.press('Space')
    await isState(page, 'paused')
    await page.click('nav >> text=PMU')
    for (const state of ['playing', 'paused']) {
      await page.keyboard.press('Space')
      await isState(page, state)
    }
    await page.locator(`${bar} input`).fill(`${timeUs(7000) - timeUs(3000)}`)
    for (const [key, n] of [
      ['', 7000],
      ['.', 7001],
      ['.', 7002],
      [',', 7001],
    ] as const) {
      if (key !== '') await page.keyboard.press(key)
      const time = isoMicrosOf(timeUs(n)).slice(0, -1).replace('T', ' ')
      await page.waitForSelector(`[data-fact="time of the newest frame"]:has-text("${time}")`)
      // The bar and the page are drawn each in its turn.
      await eventually(() => shown(page)).toEqual({ n, time, voltage: sampleOf(0, n).voltage })
    }
    // Keys mean the same at the slider, where a pointer leaves the focus.
    await page.locator(`${bar} input`).focus()
    await page.keyboard.press('ArrowRight')
    await eventually(async () => (await shown(page)).n).toBe(7051)
    await page.keyboard.press('Shift+ArrowLeft')
    await eventually(async () => (await shown(page)).n).toBe(6551)
    for (const state of ['playing', 'paused']) {
      await page.keyboard.press('Space')
      await isState(page, state)
    }
    expect(await page.textContent('header')).toContain('▶ playback')
    await page.click('nav >> text=Grid')
    await page.waitForSelector('text=2 of 2 PMUs online')
    await page.click('nav >> text=History')
    await page.waitForURL((url) => url.href.includes(encodeURIComponent(isoOf(timeUs(3000)))))
    await page.click('text="back to live"')
    await page.waitForSelector(bar, { state: 'detached' })
    expect(await page.textContent('header')).not.toContain('playback')
  })

  it('waits on the page of a PMU until frames come', async () => {
    await using deps = testDeps()
    await using history = await opened(deps)
    const { url, page } = history
    let release: () => void = () => {}
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    await page.goto(url + view(3000, 12_000))
    await isFine(page, 'parts')
    await page.click('text="▶ play"')
    await isState(page, 'playing')
    await page.click('nav >> text=PMU')
    await page.waitForSelector('[data-fact="time of the newest frame"]:has-text("2026")')
    await page.route('**/api/v1/frames?*', (route) => released.then(() => route.continue()))
    await page.locator(`${bar} input`).fill(`${timeUs(11_000) - timeUs(3000)}`)
    await isState(page, 'waiting')
    await page.waitForSelector('[data-fact="time of the newest frame"]:has-text("–")')
    await page.waitForSelector(`${bar} >> text=waiting for frames…`)
    release()
    await isState(page, 'playing')
    expect((await shown(page)).n).toBeGreaterThanOrEqual(11_000)
    // The bar may be ahead of the page by a drawing, which may have been made while plots were filled up.
    await eventually(async () => (await shown(page)).voltage).toBeGreaterThanOrEqual(sampleOf(0, 11_000).voltage)
  })

  it('begins with what History shows where there are more PMUs than are played at once, and says how many are', async () => {
    await using deps = testDeps()
    await using history = await opened(deps)
    const { url, page } = history
    const others = Array.from({ length: 300 }, (_, n) => `area/a/${n}/PMU/1`)
    await page.route('**/api/v1/streams', async (route) => {
      const known = (await (await route.fetch()).json()) as readonly StoredStream[]
      const more = others.map((stream) => ({ stream, configurations: 1, channels: [] }))
      await route.fulfill({ json: [...more, ...known] })
    })
    const asked: string[] = []
    await page.route('**/api/v1/frames?*', (route) => {
      const stream = new URL(route.request().url()).searchParams.get('stream')!
      asked.push(stream)
      return others.includes(stream) ? route.fulfill({ body: '' }) : route.continue()
    })
    await page.goto(url + view(3000, 12_000))
    await isFine(page, 'parts')
    await page.click('text="▶ play"')
    await page.waitForSelector(`${bar} >> text=256 of 302 PMUs are played`)
    await until(() => topics.every((topic) => asked.includes(topic)))
  })

  it('shows on the plots where it is', async () => {
    await using deps = testDeps()
    await using history = await opened(deps)
    const { url, page } = history
    await page.goto(url + view(3000, 3500))
    await isFine(page, 'raw')
    await page.click('text="▶ play"')
    await page.waitForSelector('.playhead')
    await page.selectOption(`${bar} select`, '5')
    await isState(page, 'paused')
    expect(Number(await page.getAttribute(bar, 'data-time-us'))).toBe(timeUs(3500))
  })
})
