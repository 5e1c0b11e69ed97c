import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import type { GridJson } from '../../src/api/answers.ts'
import { needsChromium } from '../support/browser.ts'
import { testDeps } from '../support/deps.ts'
import { topics } from './filled-historian.ts'
import { isFine, opened, view } from './opened-history.ts'

const chromium = needsChromium()
const silent = 'area/secondary-station/1156/PMU/767'
const at = { simulated: false, bus: '2' }
/** Three PMUs, two of them at one bus; nothing is stored of the third. */
const grid: GridJson = {
  area: 'area',
  network: {
    buses: ['1', '2', '3'],
    branches: [
      { from: '1', to: '2', closed: true },
      { from: '2', to: '3', closed: true },
    ],
  },
  sites: [
    {
      site: 'secondary-station/1156',
      area: 'area',
      pmus: [
        { ...at, topic: topics[0], idcode: 765 },
        { ...at, topic: topics[1], idcode: 766 },
        { ...at, topic: silent, idcode: 767, bus: '3' },
      ],
      pdcs: [],
      historians: [],
    },
  ],
}

describe.skipIf(chromium.skip)(chromium.title('the page Grid'), { timeout: 60_000 }, () => {
  const tile = (page: Page, topic: string) => page.locator(`.tile[data-stream="${topic}"]`)

  it('shows each PMU of the grid file, also one that was never heard, in playback too', async () => {
    await using deps = testDeps()
    await using history = await opened(deps)
    const { url, page } = history
    await page.route('**/api/v1/grid', (route) => route.fulfill({ json: grid }))
    await page.goto(`${url}#/grid`)
    await page.getByText('0 of 3 PMUs online').waitFor()
    // There is no bus to tell it.
    await tile(page, silent).getByText('□ not known').waitFor()
    const diagram = page.getByRole('group', { name: 'one-line diagram of the area' })
    await diagram.getByRole('link', { name: 'PMU 767: □ not known' }).waitFor()
    expect(await diagram.getByRole('link').count()).toBe(3)
    const places = await diagram
      .locator('circle')
      .evaluateAll((circles) => circles.map((each) => `${each.getAttribute('cx')} ${each.getAttribute('cy')}`))
    expect(new Set(places).size).toBe(3)

    await page.goto(url + view(3000, 12_000))
    await isFine(page, 'parts')
    await page.click('text="▶ play"')
    await page.click('nav >> text=Grid')
    await page.getByText('2 of 3 PMUs online').waitFor()
    await diagram.getByRole('link', { name: /^Station B: .* kV, .*°, .* Hz/ }).waitFor()
    await tile(page, silent).getByText('○ never heard').waitFor()
    await diagram.getByRole('link', { name: 'PMU 767: ○ never heard' }).waitFor()
  })

  it('colours the voltage or the angle, and the address keeps which', async () => {
    await using deps = testDeps()
    await using history = await opened(deps)
    const { url, page } = history
    await page.route('**/api/v1/grid', (route) => route.fulfill({ json: grid }))
    await page.goto(url + view(3000, 12_000))
    await isFine(page, 'parts')
    await page.click('text="▶ play"')
    await page.click('nav >> text=Grid')
    await page.getByText('2 of 3 PMUs online').waitFor()
    await page.keyboard.press('Space')
    await page.waitForSelector('.playback-bar[data-state=paused]')
    const circle = page.getByRole('link', { name: /^Station A:/ }).locator('circle')
    const other = page.getByRole('link', { name: /^Station B:/ }).locator('circle')
    await page.getByText('voltage −10 % … +10 % of its mean of a minute').waitFor()
    await page.getByLabel('colour', { exact: true }).selectOption('angle')
    await page.waitForURL(/#\/grid\?colour=angle$/)
    await page.getByText(/angle −(\d+)° … \+\1° against Station A/).waitFor()
    // The reference is where the scale has its middle.
    expect(await circle.getAttribute('fill')).toBe('rgb(190 196 202)')
    expect(await other.getAttribute('fill')).not.toBe('rgb(190 196 202)')
    await page.getByLabel('colour', { exact: true }).selectOption('voltage')
    await page.waitForURL(/#\/grid$/)
  })

  it('has its diagram as soon as a historian that is being restarted is back', async () => {
    await using deps = testDeps()
    await using history = await opened(deps, { bears: /status of 502/ })
    const { url, page } = history
    let isBack = false
    await page.route('**/api/v1/grid', (route) =>
      isBack ? route.fulfill({ json: grid }) : route.fulfill({ status: 502, body: 'bad gateway' }),
    )
    await page.goto(`${url}#/grid`)
    await page.getByText('it is asked again').waitFor()
    isBack = true
    await page.getByRole('group', { name: 'one-line diagram of the area' }).waitFor()
    expect(await page.getByText('The grid file is not told').count()).toBe(0)
  })
})
