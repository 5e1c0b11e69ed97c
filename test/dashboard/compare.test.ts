import type { Locator, Page } from 'playwright-core'
import { describe, expect, it, onTestFinished } from 'vitest'
import { needsChromium, openBrowser, watchedPage } from '../support/browser.ts'
import { beside, eventually, startHistorianGrid } from '../support/dashboard.ts'
import { healthy, IDCODE, type MeasuringPmuOptions, startMeasuringPmu } from '../support/measuring-pmu.ts'

const need = needsChromium()
const topicOf = (id: number): string => `area/secondary-station/${id}/PMU/${id}`
const refOf = (id: number, channel: string): string => `${topicOf(id)}|${channel}`

/** A page on PMUs 1, 2 … that measure this. */
async function pageOn(pmus: readonly Partial<MeasuringPmuOptions>[], hash: string) {
  const sites = []
  for (const [at, options] of pmus.entries()) {
    const { pmu, close } = await startMeasuringPmu({ ...healthy, ...options })
    onTestFinished(close)
    const source = `tcp://127.0.0.1:${pmu.port}`
    sites.push({ location: `secondary-station/${at + 1}`, pmus: [{ id: at + 1, idcode: IDCODE, source }] })
  }
  const { url } = await startHistorianGrid(sites)
  const { page, faults } = await watchedPage(await openBrowser(), url)
  await page.goto(`${url}/#/compare${hash}`)
  return { page, faults }
}

/** [newest, min, max, mean] of a line, as the page has them. */
async function valuesOf(page: Page, ref: string): Promise<readonly (number | string)[]> {
  const cells = await page.locator(`tr[data-line="${ref}"] td`).all()
  const texts = await Promise.all(cells.map((cell) => cell.getAttribute('data-value')))
  return texts.map((text) => (text === null ? 'absent' : Math.round(Number(text) * 1000) / 1000))
}

const stays = async (page: Page): Promise<void> => {
  const clock = page.locator('time.clock')
  for (let seconds = 0; seconds < 2; seconds++) {
    const before = await clock.textContent()
    await eventually(() => clock.textContent()).not.toBe(before)
  }
}

const press = async (place: Locator, ...keys: readonly string[]): Promise<void> => {
  for (const key of keys) await place.press(key)
}

describe.skipIf(need.skip)(need.title('the page Compare'), () => {
  it('shows the angles of all PMUs against the first, and their frequencies, as they were sent', async () => {
    const turned = healthy.values.map(({ magnitude, degrees }) => ({
      magnitude: magnitude + 100,
      degrees: degrees - 35,
    }))
    const { page, faults } = await pageOn([{}, { values: turned }, { saidHz: 49.875 }], '')
    await eventually(() => page.getByLabel('angles against').locator('option').count()).toBe(10)

    await page.getByRole('button', { name: 'voltage angles of all' }).click()
    await eventually(() => valuesOf(page, refOf(1, '1.VA.angle'))).toEqual([0, 0, 0, 0])
    await eventually(() => valuesOf(page, refOf(2, '1.VA.angle'))).toEqual([-35, -35, -35, -35])
    await eventually(() => valuesOf(page, refOf(3, '1.VA.angle'))).toEqual([0, 0, 0, 0])
    expect(await page.locator('.plot').count()).toBe(1)
    expect(await page.locator('h2').allTextContents()).toEqual(['Angle difference, °'])

    await page.getByRole('button', { name: 'frequencies of all' }).click()
    await eventually(() => valuesOf(page, refOf(3, '1.freq'))).toEqual([49.875, 49.875, 49.875, 49.875])
    await eventually(() => valuesOf(page, refOf(1, '1.freq'))).toEqual([50, 50, 50, 50])
    expect(await page.locator('.plot').getAttribute('aria-label')).toContain('Feeder 7 freq (2/2)')
    await page.setViewportSize({ width: 390, height: 844 })
    expect(await beside(page)).toBeLessThanOrEqual(0)
    expect(faults).toEqual([])
  }, 60_000)

  it('takes any channels by the keyboard, one plot for each unit, and keeps them in its address', async () => {
    const { page, faults } = await pageOn([{}], '')
    const input = page.getByRole('combobox', { name: 'add a channel' })
    const options = page.getByRole('listbox', { name: 'channels' }).getByRole('option')
    await eventually(async () => (await options.count()) || input.focus()).toBeGreaterThan(0)
    await input.fill('feeder v magnitude')
    await eventually(() => options.count()).toBe(3)
    // The first that is found stays, however often it is entered.
    await press(input, 'Enter', 'Enter', 'ArrowDown', 'ArrowDown', 'Enter')
    await input.fill('ib magnitude')
    await press(input, 'Enter', 'Escape')
    expect(await options.count()).toBe(0)
    await eventually(() => valuesOf(page, refOf(1, '1.VA.magnitude'))).toEqual([7.3, 7.3, 7.3, 7.3])
    await eventually(() => valuesOf(page, refOf(1, '1.VC.magnitude'))).toEqual([7.31, 7.31, 7.31, 7.31])
    await eventually(() => valuesOf(page, refOf(1, '1.IB.magnitude'))).toEqual([95, 95, 95, 95])
    expect(await page.locator('h2').allTextContents()).toEqual(['Voltage, kV', 'Current, A'])

    await page.reload()
    await eventually(() => page.getByRole('list', { name: 'chosen channels' }).getByRole('button').count()).toBe(4)
    await press(page.getByRole('button', { name: 'take out Feeder 7 IB.magnitude' }), 'Enter')
    await eventually(() => page.locator('h2').allTextContents()).toEqual(['Voltage, kV'])
    expect(new URLSearchParams(page.url().split('?')[1]).getAll('c')).toEqual([
      refOf(1, '1.VA.magnitude'),
      refOf(1, '1.VC.magnitude'),
    ])
    expect(faults).toEqual([])
  }, 60_000)

  it('stops the drawing while data go on', async () => {
    // Its angle turns a tenth of a turn a second: no two moments are the same.
    const query = new URLSearchParams({ c: refOf(1, '1.VA.angle') })
    const { page, faults } = await pageOn([{ frequencyHz: 50.1 }], `?${query}`)
    const newest = async () => (await valuesOf(page, refOf(1, '1.VA.angle')))[0]
    await eventually(newest).toBeTypeOf('number')
    await page.getByRole('button', { name: 'pause' }).click()
    await page.getByRole('button', { name: 'go on' }).waitFor()
    await eventually(async () => (await page.locator('caption').textContent())!).toContain('paused')
    await stays(page)
    const before = await newest()
    await stays(page)
    expect(await newest()).toBe(before)
    await page.getByRole('button', { name: 'go on' }).click()
    await eventually(newest).not.toBe(before)
    expect(faults).toEqual([])
  }, 60_000)

  it.each([-3_600_000, 45_000])(
    'shows frames of other times than this computer has: %i ms',
    async (clockOffsetMs) => {
      const query = new URLSearchParams({ c: refOf(1, '1.freq') })
      const { page, faults } = await pageOn([{ clockOffsetMs }], `?${query}`)
      await eventually(() => valuesOf(page, refOf(1, '1.freq'))).toEqual([50, 50, 50, 50])
      const by = clockOffsetMs < 0 ? '1 h ahead of' : '45 s behind'
      await page.getByRole('status').getByText(`this computer's clock is ${by} the PMUs`).waitFor()
      const toldMs = async (): Promise<number> =>
        Date.parse(`${(await page.locator('time.clock').innerText()).replace(' ', 'T')}Z`)
      await eventually(async () => Math.abs((await toldMs()) - Date.now() - clockOffsetMs)).toBeLessThan(5000)
      await page.setViewportSize({ width: 390, height: 844 })
      expect(await beside(page)).toBeLessThanOrEqual(0)
      expect(faults).toEqual([])
    },
    60_000,
  )

  it('says of what it was asked for that it is not heard', async () => {
    const query = new URLSearchParams({ c: 'area/secondary-station/9/PMU/9|1.freq' })
    const { page, faults } = await pageOn([{}], `?${query}`)
    await page.getByText('not heard').waitFor()
    expect(faults).toEqual([])
  }, 60_000)
})
