import { readFile } from 'node:fs/promises'
import type { Download, Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { isoMicrosOf, isoOf } from '../../dashboard/src/history/period.ts'
import { FrameSplitter } from '../../src/c37118/index.ts'
import { needsChromium } from '../support/browser.ts'
import { testDeps } from '../support/deps.ts'
import { until } from '../support/until.ts'
import { framesOf, gap, RATE, STRIKING, sampleOf, startUs, timeUs, topics } from './filled-historian.ts'
import { ids, isAt, isFine, opened, row, valueIn, view } from './opened-history.ts'

const chromium = needsChromium()

async function saved(page: Page, button: string): Promise<{ readonly bytes: Buffer; readonly name: string }> {
  const [download]: [Download, unknown] = await Promise.all([page.waitForEvent('download'), page.click(button)])
  return { bytes: await readFile(await download.path()), name: download.suggestedFilename() }
}

/** Times, and the values of each column. */
async function savedCsv(page: Page, of = 'every sample') {
  const { bytes, name } = await saved(page, `text="CSV: ${of}"`)
  const lines = bytes.toString().trimEnd().split('\n')
  const remark = lines[0]!.startsWith('#') ? lines.shift() : undefined
  const [head, ...rows] = lines.map((line) => line.split(','))
  return { name, remark, head: head!, rows }
}

/** Chooses the middle half of the first plot. */
async function drag(page: Page): Promise<void> {
  const before = page.url()
  const box = (await page.locator('.u-over').first().boundingBox())!
  const y = box.y + box.height / 2
  await page.mouse.move(box.x + box.width * 0.35, y)
  await page.mouse.down()
  await page.mouse.move(box.x + box.width * 0.65, y, { steps: 3 })
  await page.mouse.up()
  await page.waitForURL((url) => url.href !== before)
}

describe.skipIf(chromium.skip)(chromium.title('the page History'), { timeout: 60_000 }, () => {
  it('shows frequencies of the last minutes at first, in an address that says so', async () => {
    await using deps = testDeps()
    await using history = await opened(deps)
    const { url, page } = history
    await page.goto(`${url}/#/history`)
    await page.waitForURL(/from=\d{4}-.*to=\d{4}-/)
    await page.waitForSelector('text=2 chosen')
    await page.click('text="7 d"')
    await page.waitForSelector('text=7 d ·')
  })

  it('keeps what stands out of a long period, and says that it is not every sample; the table has each', async () => {
    await using deps = testDeps()
    await using history = await opened(deps)
    const { url, page } = history
    await page.goto(url + view(0, 15_000))
    await isFine(page, 'parts')
    const thinned = await savedCsv(page, 'least and greatest')
    const columns = topics.flatMap((topic) => [
      `${topic} 1.freq Hz`,
      `${topic} 1.VA.magnitude V`,
      `${topic} 1.VA.angle rad`,
    ])
    expect(thinned.head).toEqual(['time', ...columns])
    expect(thinned.rows.find(([time]) => time === isoMicrosOf(timeUs(STRIKING)))![1]).toBe('49')
    expect(thinned.rows.length).toBeLessThan(15_000)
    expect([thinned.name, thinned.remark]).toEqual([
      'history_least-and-greatest_2026-01-05T12-00-00Z.csv',
      '# not every sample: the least and the greatest of each part of the period',
    ])

    const { name, remark, head, rows } = await savedCsv(page)
    expect([name, remark, head]).toEqual([
      'history_every-sample_2026-01-05T12-00-00Z.csv',
      undefined,
      ['time', ...columns],
    ])
    expect(rows.length).toBe(15_000)
    rows.forEach(([time, ...cells], n) => {
      const expected = [0, 1].flatMap((pmu) => {
        const { freq, voltage, angle } = sampleOf(pmu, n)
        return pmu === 1 && n >= gap[0] && n < gap[1] ? ['', '', ''] : [freq, voltage, angle].map(String)
      })
      if (time !== isoMicrosOf(timeUs(n)) || cells.join() !== expected.join())
        expect([time, cells]).toEqual([isoMicrosOf(timeUs(n)), expected])
    })
  })

  it('is zoomed by dragging until every sample is there, and the browser goes back', async () => {
    await using deps = testDeps()
    await using history = await opened(deps)
    const { url, page } = history
    await page.goto(url + view(7000, 12_000))
    await isFine(page, 'parts')
    const first = page.url()
    let drags = 0
    while ((await page.$('[data-fineness=raw]')) === null) {
      await drag(page)
      drags++
      await isFine(page, 'raw', 'parts')
    }
    expect(drags).toBeGreaterThan(0)
    const { rows } = await savedCsv(page)
    const n = (time: string): number => ((Date.parse(`${time.slice(0, 23)}Z`) * 1000 - startUs) * RATE) / 1e6
    expect(rows.length).toBeGreaterThan(100)
    rows.forEach(([time = '', ...values], at) => {
      const expected = [0, 1].flatMap((pmu) => {
        const { freq, voltage, angle } = sampleOf(pmu, n(time))
        return [freq, voltage, angle]
      })
      expect([time, ...values.map(Number)]).toEqual([isoMicrosOf(timeUs(n(rows[0]![0]!) + at)), ...expected])
    })
    for (; drags > 0; drags--) await page.goBack()
    expect(page.url()).toBe(first)
    await isFine(page, 'parts')
  })

  it('tells values at the cursor, moved by keys from sample to sample, and none in a gap', async () => {
    await using deps = testDeps()
    await using history = await opened(deps)
    const { url, page } = history
    await page.goto(url + view(gap[0] - 100, gap[0] + 100))
    await isFine(page, 'raw')
    const slider = page.getByRole('slider', { name: 'cursor' })
    await slider.focus()
    await page.keyboard.press('Home')
    await isAt(page, timeUs(gap[0] - 100))
    for (const by of [1, 2, 3]) {
      await page.keyboard.press('ArrowRight')
      await isAt(page, timeUs(gap[0] - 100 + by))
      const { freq, voltage, angle } = sampleOf(1, gap[0] - 100 + by)
      const told = await Promise.all(ids.map((id) => valueIn(page, 1, id)))
      expect(told).toEqual([freq, voltage, angle])
    }
    await page.keyboard.press('End')
    await isAt(page, timeUs(gap[0] + 99))
    expect(await page.textContent(row(1, '1.freq'))).toContain('–')
    expect(await page.getAttribute(row(1, '1.freq'), 'data-value')).toBeNull()
  })

  it('tells events and gaps, and shows the one that is chosen with what was around it', async () => {
    await using deps = testDeps()
    const at = { from_us: timeUs(gap[0]), to_us: timeUs(gap[1]) }
    const event = { stream: topics[0], kind: 'trigger', what: 'the frequency jumped', detail: '−1 Hz' }
    await using history = await opened(deps, {
      events: [{ ...event, time_us: timeUs(STRIKING), until_us: null }],
      gaps: [{ ...at, frames: 1000, why: 'lost', reason: 'rotated', detail: 'rotated' }],
    })
    const { url, page } = history
    await page.goto(url + view(0, 15_000))
    await page.waitForSelector(`[data-strip="${topics[1]}"] >> text=14 000 of 15 000 frames held, 1 000 lost`)
    await page.click('text=1 gap')
    await page.waitForSelector('text=1 000 frames, 20 s: lost (rotated)')
    await page.click('[data-event=trigger] button')
    await isFine(page, 'raw')
    const shown = new URLSearchParams(page.url().split('?')[1])
    expect([shown.get('from'), shown.get('to')]).toEqual([isoOf(timeUs(STRIKING) - 5e6), isoOf(timeUs(STRIKING) + 5e6)])
  })

  it('tells events of the streams that are chosen, or of all, and of the kinds that are wanted, and keeps that', async () => {
    await using deps = testDeps()
    const event = (stream: string, kind: string) => ({
      ...{ stream, kind, what: `${kind} there`, detail: '' },
      ...{ time_us: timeUs(50), until_us: null },
    })
    const pdc = 'area/control-center/1/PDC/1'
    await using history = await opened(deps, {
      events: [event(topics[0], 'trigger'), event(topics[0], 'gap'), event(pdc, 'revision')],
    })
    const { url, page } = history
    await page.goto(url + view(0, 100))
    const told = () =>
      page.locator('[data-event]').evaluateAll((rows) => rows.map((row) => row.getAttribute('data-event')))
    await expect.poll(told).toEqual(['trigger', 'gap'])
    await page.click('text="all streams"')
    await expect.poll(told).toEqual(['trigger', 'gap', 'revision'])
    await page.getByLabel('gaps').uncheck()
    await expect.poll(told).toEqual(['trigger', 'revision'])
    await page.reload()
    await expect.poll(told).toEqual(['trigger', 'revision'])
    await page.click('text="chosen streams"')
    await expect.poll(told).toEqual(['trigger'])
  })

  it('says that the historian does not answer, shows nothing of before as if it were of now, and asks again', async () => {
    await using deps = testDeps()
    const event = { stream: topics[0], kind: 'trigger', what: 'the frequency jumped', detail: '' }
    await using history = await opened(deps, {
      events: [{ ...event, time_us: timeUs(50), until_us: null }],
      bears: /ERR_FAILED|status of 502/,
    })
    const { url, page } = history
    await page.goto(url + view(0, 100))
    await isFine(page, 'raw')
    await page.waitForSelector('[data-event=trigger]')
    await page.route('**/api/v1/**', (route) => route.abort())
    await page.click('[aria-label="forward"]')
    await page.waitForSelector('[role=alert] >> text=the historian does not answer: it is asked again')
    await page.waitForSelector('text=Events are not told: the historian does not answer: it is asked again')
    expect(await page.locator('[data-event], canvas').count()).toBe(0)
    const words = await page.innerText('main')
    for (const untrue of ['nothing is stored', 'None in this period', 'frames held'])
      expect(words).not.toContain(untrue)
    await page.unroute('**/api/v1/**')
    await isFine(page, 'raw')
    await page.waitForSelector('[role=alert]', { state: 'detached' })

    await page.route('**/api/v1/range?*', (route) => route.fulfill({ status: 502, body: 'bad gateway' }))
    await page.click('[aria-label="back"]')
    await page.waitForSelector('[role=alert] >> text=it is asked again')
    await page.unroute('**/api/v1/range?*')
    await isFine(page, 'raw')
  })

  it('has any channel of any stream, found by words', async () => {
    await using deps = testDeps()
    await using history = await opened(deps)
    const { url, page } = history
    await page.goto(url + view(0, 500, ['1.freq']))
    await isFine(page, 'raw')
    await page.click('summary:has-text("Channels")')
    await page.getByLabel('find').fill('766 ia.mag')
    await page.getByLabel('1.IA.magnitude').check()
    await page.waitForSelector(row(1, '1.IA.magnitude'))
    expect(page.url()).toContain('1.IA.magnitude')
    await page.click('[aria-label="remove Station B IA.magnitude (1156/766)"]')
    await page.waitForSelector(row(1, '1.IA.magnitude'), { state: 'detached' })
  })

  it('takes times in UTC and as clocks here have them', async () => {
    await using deps = testDeps()
    await using history = await opened(deps, { timezoneId: 'Europe/Rome' })
    const { url, page } = history
    await page.goto(url + view(0, 500))
    const from = page.locator('input[name=from]')
    await isFine(page, 'raw')
    expect(await from.inputValue()).toBe('2026-01-05T12:00')
    await page.click('button:has-text("UTC")')
    await until(async () => (await from.inputValue()) === '2026-01-05T13:00')
    await from.fill('2026-01-05T13:00:05.000')
    await page.click('text="show"')
    await page.waitForURL(/from=2026-01-05T12%3A00%3A05Z/)
    await page.waitForSelector('[data-fineness] >> text="5 s"')
    await page.locator('input[name=to]').fill('2026-01-05T11:00')
    await page.click('text="show"')
    await page.waitForSelector('[role=alert]:has-text("from is not before to")')
  })

  it('saves the picture, and the frames as they came, also for those who need a token', async () => {
    await using deps = testDeps()
    await using history = await opened(deps, { token: 'secret' })
    const { url, page } = history
    await page.addInitScript("sessionStorage.setItem('phasorbus-token', 'secret')")
    await page.goto(url + view(100, 200))
    await isFine(page, 'raw')
    const picture = await saved(page, 'text="PNG"')
    expect([picture.bytes.subarray(1, 4).toString(), picture.name]).toEqual(['PNG', 'history_2026-01-05T12-00-02Z.png'])
    const { bytes } = await saved(page, 'text="frames 1156/766"')
    const { configuration, frame } = framesOf(1)
    const sent = [...configuration, ...Array.from({ length: 100 }, (_, n) => frame(100 + n))]
    const came: Uint8Array[] = []
    new FrameSplitter().push(bytes, (each) => came.push(each))
    expect(came.map((each) => Buffer.from(each))).toEqual(sent.map((each) => Buffer.from(each)))
  })

  it('is zoomed by a finger that goes sideways, and scrolled by one that goes up', async () => {
    await using deps = testDeps()
    await using history = await opened(deps, { viewport: { width: 390, height: 844 }, hasTouch: true })
    const { url, page } = history
    await page.goto(url + view(0, 500))
    await isFine(page, 'raw')
    const first = page.url()
    const fingers = await page.context().newCDPSession(page)
    const swipe = async (byX: number, byY: number): Promise<void> => {
      await page.locator('.u-over').first().scrollIntoViewIfNeeded()
      const box = (await page.locator('.u-over').first().boundingBox())!
      const [x, y] = [box.x + box.width * 0.3, box.y + box.height * 0.6]
      const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', part: number) =>
        fingers.send('Input.dispatchTouchEvent', {
          type,
          touchPoints: type === 'touchEnd' ? [] : [{ x: x + byX * part, y: y + byY * part }],
        })
      await touch('touchStart', 0)
      for (const part of [0.1, 0.3, 0.6, 1]) await touch('touchMove', part)
      await touch('touchEnd', 1)
    }
    await swipe(0, -100)
    await page.waitForFunction('scrollY > 0')
    expect(page.url()).toBe(first)
    await swipe(120, 0)
    await page.waitForURL((now) => now.href !== first)
    await page.waitForSelector('[data-fineness] >> text=/^[3-5](\\.\\d+)? s/')
  })

  it('fits a phone', async () => {
    await using deps = testDeps()
    await using history = await opened(deps, { viewport: { width: 390, height: 844 } })
    const { url, page } = history
    await page.goto(url + view(0, 500))
    await isFine(page, 'raw')
    await page.click('text="▶ play"')
    await page.waitForSelector('.playback-bar')
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390)
  })
})
