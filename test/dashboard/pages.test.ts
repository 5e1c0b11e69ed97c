import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectAsync } from 'mqtt'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { freePort } from '../../bench/support/free-port.ts'
import { encodeStat } from '../../src/c37118/index.ts'
import { needsChromium, startBrowser, watchedPage } from '../support/browser.ts'
import { type RunningCli, startGridCli } from '../support/cli.ts'
import { healthy, type MeasuringPmu, startMeasuringPmu } from '../support/measuring-pmu.ts'
import { configurationFrames, frameWriter, smallPmu } from '../support/stream-frames.ts'

const site = 'area/secondary-station/1156'
const chromium = needsChromium()

/** What one PMU says all the time. */
const told = {
  ...healthy,
  saidHz: 49.987,
  stat: encodeStat({ synchronised: false, trigger: true, triggerReason: 4 }),
  timeQuality: 0x05,
  analogs: [112.5],
  digitals: [0b0101],
  has: {
    stn: 'Mill Lane',
    analogs: [{ name: 'Oil temperature', type: 1 }],
    digitals: [
      {
        labels: ['Breaker A closed', 'Breaker B closed', 'Alarm'].concat(Array(13).fill('')),
        normal: 0b0011,
        valid: 0b0111,
      },
    ],
  },
}
const other = {
  ...healthy,
  values: healthy.values.map(({ magnitude, degrees }) => ({ magnitude: magnitude * 0.9, degrees: degrees - 3.5 })),
  has: { stn: 'Harbour', idcode: 766 },
}

describe.skipIf(chromium.skip)(chromium.title('the dashboard, in a browser'), () => {
  let folder: string
  let grid: object
  let running: RunningCli
  let browser: Browser
  let url: string
  let brokerPort: number
  const pmus: MeasuringPmu[] = []
  let stop = new AbortController()
  const start = async (): Promise<void> => {
    stop = new AbortController()
    running = await startGridCli(join(folder, 'grid.yaml'), grid, stop.signal)
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'phasorbus-pages-'))
    pmus.push(await startMeasuringPmu(told), await startMeasuringPmu(other))
    const [apiPort, broker] = [await freePort(), await freePort()]
    brokerPort = broker
    url = `http://127.0.0.1:${apiPort}`
    grid = {
      area: 'area',
      broker: { embedded: { listen: [`mqtt://127.0.0.1:${brokerPort}`] } },
      network: {
        nominalKv: 12.66,
        branches: [
          [1, 2],
          [2, 3],
          [2, 4],
        ],
      },
      sites: [
        {
          location: 'secondary-station/1156',
          pmus: [
            { id: 765, idcode: 765, bus: 1, source: `tcp://127.0.0.1:${pmus[0]!.pmu.port}` },
            { id: 766, idcode: 766, bus: 4, source: `tcp://127.0.0.1:${pmus[1]!.pmu.port}` },
          ],
        },
        { location: 'control-center/1', historians: [{ api: { listen: `127.0.0.1:${apiPort}` } }] },
      ],
    }
    await start()
    browser = await startBrowser()
  })
  afterAll(async () => {
    await browser?.close()
    stop.abort()
    await running?.ended
    for (const pmu of pmus) await pmu.close()
    await rm(folder, { recursive: true, force: true })
  })

  /** A page of its own, in which nothing may go wrong. */
  async function open(route: string, options: Parameters<typeof watchedPage>[2] = {}): Promise<Page> {
    const { page, faults } = await watchedPage(browser, url, options)
    onTestFinished(async () => {
      await page.close()
      expect(faults).toEqual([])
    })
    await page.goto(`${url}/#/${route}`)
    return page
  }
  const fact = (page: Page, name: string) => page.locator(`[data-fact="${name}"]`)

  it('shows at a glance what each PMU says, on the one-line diagram too', async () => {
    const page = await open('grid')
    const mill = page.locator(`.tile[data-stream="${site}/PMU/765"]`)
    const harbour = page.locator(`.tile[data-stream="${site}/PMU/766"]`)
    await mill.getByText('7.300 kV').waitFor()
    await harbour.getByText('6.570 kV').waitFor()
    expect(await mill.innerText()).toMatch(/Mill Lane[\s\S]*49\.9870 Hz/)
    // Against the first PMU, once there is an instant of which both were heard.
    await harbour.getByText('−3.50°').waitFor()
    await page.getByText('2 of 2 PMUs online').waitFor()
    const diagram = page.locator('svg.one-line')
    await diagram.getByText('Harbour').waitFor()
    expect(await diagram.locator('a').count()).toBe(2)
    await diagram.locator('a', { hasText: 'Harbour' }).click()
    await page.getByRole('heading', { name: /^Harbour/ }).waitFor()
  })

  it('shows of a PMU its phasors, frequency, STAT and time quality in words, analogs and digitals by name', async () => {
    const page = await open(`pmu?stream=${encodeURIComponent(`${site}/PMU/765`)}`)
    await page.getByRole('heading', { name: 'Mill Lane IDCODE 765' }).waitFor()
    await fact(page, 'frequency').getByText('49.9870 Hz').waitFor()
    expect(await fact(page, 'STAT').innerText()).toBe('not synchronised; trigger: frequency high or low')
    expect(await fact(page, 'time quality').innerText()).toBe('within 10 µs')
    const rows = await page.locator('table', { hasText: 'magnitude' }).locator('tbody tr').allInnerTexts()
    expect(rows.map((row) => row.split('\t'))).toEqual([
      ['VA', '7.300 kV', '10.00°'],
      ['VB', '7.290 kV', '−110.00°'],
      ['VC', '7.310 kV', '130.00°'],
      ['IA', '100.000 A', '−15.00°'],
      ['IB', '95.000 A', '−135.00°'],
      ['IC', '105.000 A', '105.00°'],
    ])
    expect(await page.locator('[data-analog="Oil temperature"]').innerText()).toBe('112.5')
    expect(await page.locator('[data-digital]').allInnerTexts()).toEqual(['■ 1', '□ 0 not normal', '■ 1 not normal'])
    expect(await page.locator('svg.polar').getAttribute('aria-label')).toContain('VB 7.290 kV at −110.00°')

    await page.getByLabel('angles against').selectOption(`${site}/PMU/766|1.VA.angle`)
    await page.locator('td[data-channel="1.VA.angle"]', { hasText: '3.50°' }).waitFor()
    expect(page.url()).toContain('against=')
  })

  it('tells angles against a voltage of a PDC too, which nobody else on the page follows', async () => {
    const client = await connectAsync(`mqtt://127.0.0.1:${brokerPort}`)
    onTestFinished(() => client.endAsync())
    const topic = `${site}/PDC/1`
    // A PDC of one PMU says what that says.
    client.on('message', (_, payload, { retain }) => client.publish(topic, payload, { qos: 1, retain }))
    await client.subscribeAsync(`${site}/PMU/766`, { qos: 1 })
    onTestFinished(async () => {
      await client.unsubscribeAsync(`${site}/PMU/766`)
      await client.publishAsync(topic, '', { qos: 1, retain: true })
    })
    const query = new URLSearchParams({ stream: `${site}/PMU/765`, against: `${topic}|1.VA.angle` })
    const page = await open(`pmu?${query}`)
    await page.locator('td[data-channel="1.VA.angle"]', { hasText: '3.50°' }).waitFor()
  })

  it('shows a PMU that nobody has described as soon as it speaks, and no longer when it is retired', async () => {
    const page = await open('grid')
    await page.getByText('2 of 2 PMUs online').waitFor()
    const topic = 'area/secondary-station/1157/PMU/9'
    const client = await connectAsync(`mqtt://127.0.0.1:${brokerPort}`)
    const configuration = { ...smallPmu({ stn: 'Newcomer', idcode: 9 }), soc: Math.floor(Date.now() / 1000) }
    const [bytes] = configurationFrames(configuration) as [Uint8Array]
    await client.publishAsync(topic, Buffer.from(bytes), { qos: 1, retain: true })
    const write = frameWriter(configuration)
    let index = 0
    const timer = setInterval(() => client.publish(topic, Buffer.from(write(index++)), { qos: 1 }), 20)
    onTestFinished(async () => {
      clearInterval(timer)
      await client.endAsync()
    })
    await page
      .locator('.tile', { hasText: 'Newcomer' })
      .getByText(/\d+\.\d{3} V/)
      .waitFor()
    await page.getByText('3 of 3 PMUs online').waitFor()
    clearInterval(timer)
    const newcomer = page.locator('.tile', { hasText: 'Newcomer' })
    await newcomer.getByText(/○ offline, last \d s ago/).waitFor()
    expect(await newcomer.locator('.big').getAttribute('class')).toBe('big quiet')
    await client.publishAsync(topic, '', { qos: 1, retain: true })
    await page.locator('.tile', { hasText: 'Newcomer' }).waitFor({ state: 'detached' })
  })

  it('stays with the PMU that it shows when others are heard; of one that has sent no frame yet, it tells nothing', async () => {
    const page = await open('pmu')
    await page.getByRole('heading', { name: 'Mill Lane IDCODE 765' }).waitFor()
    // By its topic, it stands before all others.
    const topic = 'area/secondary-station/1100/PMU/9'
    const client = await connectAsync(`mqtt://127.0.0.1:${brokerPort}`)
    onTestFinished(() => client.endAsync())
    const small = smallPmu({ stn: 'Newcomer', idcode: 9 })
    const { analogs, digitals } = told.has
    const [bytes] = configurationFrames({ ...small, pmus: [{ ...small.pmus[0]!, analogs, digitals }] }) as [Uint8Array]
    await client.publishAsync(topic, Buffer.from(bytes), { qos: 1, retain: true })
    const picker = page.getByLabel('stream')
    await picker.locator('option', { hasText: 'Newcomer' }).waitFor({ state: 'attached' })
    await page.getByRole('heading', { name: 'Mill Lane IDCODE 765' }).waitFor()
    expect(await picker.inputValue()).toBe(`${site}/PMU/765`)

    await picker.selectOption(topic)
    await page.getByRole('heading', { name: 'Newcomer IDCODE 9' }).waitFor()
    expect(await page.locator('[data-analog]').allInnerTexts()).toEqual(['–'])
    expect(await page.locator('[data-digital]').allInnerTexts()).toEqual(['–', '–', '–'])
    expect(await page.locator('[data-digital].bad').count()).toBe(0)
    await client.publishAsync(topic, '', { qos: 1, retain: true })
    await page.getByText(`Nothing is heard of ${topic}.`).waitFor()
  })

  it('says that it has lost the bus, and is right at once when it is back', async () => {
    const { page, faults } = await watchedPage(browser, url)
    onTestFinished(async () => {
      await page.close()
      expect(
        faults.filter((fault) => !/ERR_CONNECTION_REFUSED|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET/.test(fault)),
      ).toEqual([])
    })
    await page.goto(`${url}/#/pmu?stream=${encodeURIComponent(`${site}/PMU/766`)}`)
    await fact(page, 'state').getByText('● online').waitFor()
    stop.abort()
    await running.ended
    await page.getByText('○ not connected').waitFor()
    await fact(page, 'state')
      .getByText(/□ not known, last \d+ s ago/)
      .waitFor()
    expect(await fact(page, 'STAT').getAttribute('class')).toBe('quiet')
    await start()
    await page.getByText('● live').waitFor()
    await fact(page, 'state').getByText('● online').waitFor()
    const before = Date.now() / 1000
    await page.waitForFunction(
      ([name, time]) =>
        Date.parse(`${document.querySelector(`[data-fact="${name}"]`)?.textContent?.replace(' ', 'T')}Z`) / 1000 >
        Number(time),
      ['time of the newest frame', `${before}`] as const,
    )
  })

  it.each([
    ['grid', 390],
    ['pmu', 390],
    ['grid', 1280],
    ['pmu', 1280],
  ])('fits: %s, on a screen of %i pixels, nothing is beside it', async (route, width) => {
    const page = await open(route, { viewport: { width, height: 800 }, hasTouch: width < 500 })
    await page.getByText('7.300 kV').first().waitFor()
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0)
  })

  it('shows the grid at an address that names no page, and says so in the address', async () => {
    const page = await open('zzz')
    await page.waitForURL(/#\/grid$/)
    await page.getByText('2 of 2 PMUs online').waitFor()
  })

  it('goes by the keyboard alone, and tells times in UTC and local, in light and dark', async () => {
    const page = await open('grid', { timezoneId: 'Asia/Kolkata', colorScheme: 'dark' })
    await page.getByText('7.300 kV').first().waitFor()
    expect(await page.evaluate(() => document.documentElement.dataset.theme)).toBe('dark')
    const focused = (): Promise<string> => page.evaluate(() => document.activeElement?.textContent ?? '')
    await page.keyboard.press('Tab')
    expect(await focused()).toBe('Skip to content')
    while ((await focused()) !== 'PMU') await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Mill Lane IDCODE 765' }).waitFor()

    const clock = page.locator('time.clock')
    const utc = (await clock.innerText()).slice(0, 13)
    expect(utc).toBe(new Date().toISOString().slice(0, 13).replace('T', ' '))
    await page.getByRole('button', { name: 'UTC' }).focus()
    await page.keyboard.press('Enter')
    const local = new Date(Date.now() + 5.5 * 3_600_000).toISOString().slice(0, 13).replace('T', ' ')
    await page.locator('time.clock', { hasText: local }).waitFor()
    await page.getByRole('button', { name: 'light colours' }).press('Enter')
    expect(await page.evaluate(() => document.documentElement.dataset.theme)).toBe('light')
  })

  it('asks for a token where the API wants one, and hands it to the bus', async () => {
    const own = await mkdtemp(join(tmpdir(), 'phasorbus-token-'))
    await writeFile(join(own, 'tokens'), 'correct-horse\n')
    const port = await freePort()
    const ended = new AbortController()
    const cli = await startGridCli(
      join(own, 'grid.yaml'),
      {
        area: 'area',
        broker: { embedded: { listen: [] } },
        sites: [
          { location: 's/1', pmus: [{ id: 1, idcode: 1, source: 'simulated:1' }] },
          { location: 'c/1', historians: [{ api: { listen: `127.0.0.1:${port}`, tokensFile: 'tokens' } }] },
        ],
      },
      ended.signal,
    )
    const page = await browser.newPage()
    onTestFinished(async () => {
      await page.close()
      ended.abort()
      await cli.ended
      await rm(own, { recursive: true, force: true })
    })
    await page.goto(`http://127.0.0.1:${port}`)
    await page.getByLabel('Token').fill('wrong')
    await page.getByRole('button', { name: 'Open' }).click()
    await page.getByText('That token may not read here.').waitFor()
    await page.getByLabel('Token').fill('correct-horse')
    await page.getByLabel('Token').press('Enter')
    await page.getByText('1 of 1 PMUs online').waitFor()
    await page.getByText('● live').waitFor()
  })
})
