import mqttPacket from 'mqtt-packet'
import type { Locator, Page, WebSocketRoute } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { encodeState, nodeStateTopic } from '../../src/streams/index.ts'
import { needsChromium, openBrowser, watchedPage } from '../support/browser.ts'
import { beside, dashboardOnStreams, eventually, startHistorianGrid, startSitesAt } from '../support/dashboard.ts'
import { testDeps } from '../support/deps.ts'
import { site } from '../support/journaled-streams.ts'
import { every20ms } from '../support/live-frames.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'

const need = needsChromium()

/** A fault that the page shows and bears. */
const others = (faults: readonly string[]): readonly string[] => faults.filter((fault) => !fault.includes('404'))

async function openHealth(url: string) {
  const { page, faults } = await watchedPage(await openBrowser(), url)
  await page.goto(`${url}/#/health`)
  return { page, faults }
}

const rowOf = (page: Page, topic: string): Locator => page.locator(`[data-stream="${topic}"]`)

/** Between a page and the bus: it may be closed, and may refuse a filter as a broker does. */
async function wayToBus(page: Page) {
  const open = new Set<WebSocketRoute>()
  let isOpen = true
  const way = {
    refuses: undefined as string | undefined,
    set isOpen(is: boolean) {
      isOpen = is
      if (!is) for (const socket of open) void socket.close()
      open.clear()
    },
  }
  await page.routeWebSocket(/./, (socket) => {
    if (!isOpen) {
      void socket.close()
      return
    }
    open.add(socket)
    const server = socket.connectToServer()
    const parser = mqttPacket.parser()
    parser.on('packet', (packet) => {
      if (packet.cmd === 'subscribe' && packet.subscriptions[0]!.topic === way.refuses)
        socket.send(mqttPacket.generate({ cmd: 'suback', messageId: packet.messageId!, granted: [0x80] }))
      else server.send(mqttPacket.generate(packet))
    })
    socket.onMessage((bytes) => void parser.parse(Buffer.from(bytes)))
  })
  return way
}

/** What a row says became of its timestamps. */
async function partsOf(row: Locator): Promise<Readonly<Record<string, number>>> {
  const parts = await row.locator('[data-part]').all()
  const entries = await Promise.all(
    parts.map(async (part) => [await part.getAttribute('data-part'), Number(await part.getAttribute('data-count'))]),
  )
  return Object.fromEntries(entries)
}

const logOf = async (page: Page): Promise<readonly string[]> =>
  (await page.locator('[data-event] > span').allTextContents()).toReversed()

describe.skipIf(need.skip)(need.title('the page Health'), () => {
  it('shows the account of every timestamp, a gap as it opens and heals, and what is lost and why', async () => {
    await using deps = testDeps()
    const { url, line } = await dashboardOnStreams(deps)
    const pmu = line.stream(1).carriedBy('one')
    const slotOf = (atMs: number): number => Math.round((atMs - pmu.timeUs(0) / 1000) / 20)
    /** Slots of which no frame comes live. */
    let [from, to] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]
    let answer = (): void => {}
    const held = new Promise<void>((resolve) => {
      answer = resolve
    })
    line.journal().before = () => held
    const feed = every20ms((atMs) => {
      const n = slotOf(atMs)
      if (n < from || n >= to) pmu.live(n)
    })
    try {
      const { page, faults } = await openHealth(url)
      const row = rowOf(page, pmu.topic)
      await eventually(async () => (await partsOf(row)).live ?? 0).toBeGreaterThan(100)
      expect(await partsOf(row)).toMatchObject({ late: 0, lost: 0, pending: 0 })
      expect(await logOf(page)).toEqual([])

      from = slotOf(Date.now()) + 10
      to = from + 40
      const lost = {
        fromUs: pmu.timeUs(to - 3),
        toUs: pmu.timeUs(to),
        verdict: 'lost',
        reason: 'crash-window',
      } as const
      line.journal().absent = [lost]
      pmu.journaled(from, to - 3)
      await eventually(() => partsOf(row)).toMatchObject({ late: 0, lost: 0, pending: 40 })
      await eventually(() => logOf(page)).toEqual(['▲ gap opened: 40 pending'])
      expect(await row.locator('.account').textContent()).toContain('pending 40')

      answer()
      await eventually(() => partsOf(row)).toMatchObject({ late: 37, lost: 3, pending: 0, not_received: 0 })
      const { expected, live } = await partsOf(row)
      expect(live! + 40).toBe(expected)
      expect(await row.locator('.account').textContent()).toContain('lost 3 (killed before it was written: 3)')
      await eventually(() => row.locator('[data-most-pending]').getAttribute('data-most-pending')).toBe('40')
      await eventually(async () => (await logOf(page)).map((text) => text.replace(/at once|in \d+ s/, 'soon'))).toEqual(
        [
          '▲ gap opened: 40 pending',
          '✕ lost 3: killed before it was written',
          '● healed 37 late soon, 3 frames will not come',
        ],
      )
      await row.locator('summary').click()
      const hour = row.locator('[data-period="hour"]')
      await eventually(() => hour.textContent()).toMatch(
        /held: .*, lost 3.*3 frames lost \(killed before it was written\)/,
      )

      pmu.live(from - 5, from)
      await eventually(() => row.locator('[data-beside="duplicates"]').getAttribute('data-count')).toBe('5')
      expect(pmu.account).toMatchObject({ late: 37, lost: { 'crash-window': 3 }, duplicates: 5 })
      expect(faults).toEqual([])
    } finally {
      answer()
      feed.stop()
    }
  }, 90_000)

  it('shows a link to the bus that breaks: its frames are pending, then late, and the log says healed', async () => {
    const { url, brokerUrl } = await startHistorianGrid([])
    await using proxy = await startTcpProxy(brokerUrl)
    const sites = [{ location: 'secondary-station/7', pmus: [{ id: 7, idcode: 7, source: 'simulated:1' }] }]
    await startSitesAt(proxy.url, sites)
    const { page, faults } = await openHealth(url)
    const row = rowOf(page, 'area/secondary-station/7/PMU/7')
    await row.locator('[data-presence="online"]').waitFor()
    await eventually(async () => (await partsOf(row)).live ?? 0).toBeGreaterThan(50)

    proxy.stall()
    proxy.cut()
    await row.locator('[data-presence="offline"]').waitFor()
    expect(await row.textContent()).toMatch(/node phasorbus is offline: /)
    await eventually(async () => (await partsOf(row)).pending ?? 0).toBeGreaterThan(100)
    await eventually(async () => (await logOf(page)).at(-1)).toMatch(/^▲ gap (opened|grows): [\d ]+ pending$/)

    proxy.resume()
    await row.locator('[data-presence="online"]').waitFor()
    await eventually(async () => (await logOf(page)).at(-1)).toMatch(/^● healed [\d ]+ late /)
    await eventually(() => partsOf(row)).toMatchObject({ pending: 0, lost: 0 })
    expect((await partsOf(row)).late).toBeGreaterThan(100)
    const most = Number(await row.locator('[data-most-pending]').getAttribute('data-most-pending'))
    expect(most).toBeGreaterThan(100)
    expect(others(faults)).toEqual([])
  }, 90_000)

  it('tells nodes, the broker each uses, its own connection, PDCs, and the accounts of other consumers', async () => {
    await using deps = testDeps()
    const { url, line } = await dashboardOnStreams(deps)
    const pmu = line.stream(1).carriedBy('one')
    const since = '2026-11-22T12:00:00.000Z'
    const say = (nodeId: string, state: object): void => {
      const payload = encodeState({ contract: 1, since, streams: [], online: true, brokers: [], ...state })
      line.bus('says').publish(nodeStateTopic(`${site}/NODE/${nodeId}`), payload, { qos: 1, retain: true })
    }
    const told = {
      expected: 100,
      live: 90,
      late: 4,
      never_produced: 1,
      not_received: { LINK_SILENT: 2 },
      lost: { expired: 1 },
      pending: 2,
      outside: { stale: 5 },
      duplicates: 3,
      conflicts: 1,
    }
    say('two', { brokers: ['mqtt://near.example:1883', 'mqtt://far.example:1883'] })
    say('gone', { online: false, reason: 'connection lost' })
    say('adapter', { consumers: { 'pdc-1': { [pmu.topic]: told } } })
    line.bus('says').publish(`${site}/NODE/wrong/state`, new Uint8Array([1]), { qos: 1, retain: true })
    pmu.producer().figures({
      inputs: 2,
      pmus: 5,
      frames: { complete: 995, partial: 4, empty: 1, revised: 3 },
      latency_ms: { min: 4.1, mean: 8.3, p99: 104.25, max: 120 },
      final: since,
      unused: { late: 4 },
      errors: {},
      missed: { [pmu.topic]: 4 },
    })
    const { page, faults } = await openHealth(url)
    const nodeOf = (nodeId: string) => page.locator(`[data-node="${site}/NODE/${nodeId}"]`)
    await eventually(() => nodeOf('two').textContent()).toMatch(/● online.*▶ uses mqtt:\/\/near.*next mqtt:\/\/far/)
    expect(await nodeOf('two').textContent()).toContain('2026-11-22 12:00:00')
    await nodeOf('gone').waitFor()
    expect(await nodeOf('gone').textContent()).toContain('○ offline: connection lost')
    await page.locator('[data-own-connection="true"]').waitFor()
    await eventually(() => page.locator('[data-unreadable]').getAttribute('data-unreadable')).toBe('1')
    await eventually(() => page.locator(`[data-pdc="${pmu.topic}"]`).textContent()).toMatch(
      /995 \(99\.500 %\)413.*8\.3 \/ 104\.3 ms.*1\/1 4, late 4/,
    )

    await page.getByLabel('accounts of').selectOption({ label: 'pdc-1 at secondary-station/1/NODE/adapter' })
    const row = rowOf(page, pmu.topic)
    await eventually(() => partsOf(row)).toEqual({
      expected: 100,
      live: 90,
      late: 4,
      never_produced: 1,
      not_received: 2,
      lost: 1,
      pending: 2,
    })
    expect(await row.locator('.account').textContent()).toMatch(
      /outside \(too old when it came\) 5, duplicates 3, conflicts 1/,
    )
    expect(page.url()).toContain('consumer=')

    // What a PDC's process said last is not of now once its node is gone.
    say('one', { online: false, reason: 'connection lost' })
    const output = page.locator(`[data-pdc="${pmu.topic}"]`)
    await eventually(() => output.textContent()).toMatch(/○ offline, told last:995 \(99\.500 %\)/)
    expect(await output.textContent()).not.toContain('8.3 /')
    await page.setViewportSize({ width: 390, height: 844 })
    expect(await beside(page)).toBeLessThanOrEqual(0)
    expect(faults).toEqual([])
  }, 60_000)

  it('says what the broker refuses, what is not known without a connection, and how old accounts are', async () => {
    await using deps = testDeps()
    const { url, line } = await dashboardOnStreams(deps)
    const pmu = line.stream(1).carriedBy('one')
    const node = `${site}/NODE/adapter`
    const say = (state: object): void => {
      const payload = encodeState({ contract: 1, since: '', streams: [], online: true, brokers: [], ...state })
      line.bus('says').publish(nodeStateTopic(node), payload, { qos: 1, retain: true })
    }
    const account = { expected: 9, live: 9, late: 0, never_produced: 0, not_received: {}, lost: {}, pending: 0 }
    say({ consumers: { 'pdc-1': { [pmu.topic]: { ...account, outside: {}, duplicates: 0, conflicts: 0 } } } })
    const { page, faults } = await watchedPage(await openBrowser(), url)
    const way = await wayToBus(page)
    way.refuses = 'area/+/+/PMU/+'
    await page.goto(`${url}/#/health`)
    await page.getByText('◐ live, in part refused').waitFor()
    await page.getByText('(the broker refuses area/+/+/PMU/+; asked for again with the next connection)').waitFor()
    await page.locator(`[data-node="${node}"]`, { hasText: '● online' }).waitFor()

    await page.getByLabel('accounts of').selectOption({ label: 'pdc-1 at secondary-station/1/NODE/adapter' })
    const row = rowOf(page, pmu.topic)
    await row
      .locator('[data-old]', { hasText: /told \d+ s ago: its node is online, and has told nothing new/ })
      .waitFor()
    say({ online: false, reason: 'connection lost' })
    await row.locator('[data-old]', { hasText: 'its node is offline' }).waitFor()

    way.refuses = undefined
    way.isOpen = false
    await row.locator('[data-presence="unknown"]', { hasText: '□ not known' }).waitFor()
    await page.locator(`[data-node="${node}"]`, { hasText: '□ not known, told last: offline' }).waitFor()
    await page.getByRole('status').getByText('○ not connected').waitFor()
    way.isOpen = true
    await page.getByText('● live').waitFor()
    await page.locator(`[data-node="${node}"]`, { hasText: '○ offline: connection lost' }).waitFor()
    await row.locator('[data-presence="silent"]').waitFor()
    expect(faults).toEqual([])
  }, 90_000)

  it('tells how complete the last hour is, where the historian knows, and that it does not where not', async () => {
    await using deps = testDeps()
    const { url, line } = await dashboardOnStreams(deps)
    const pmu = line.stream(1).carriedBy('one')
    const { page, faults } = await openHealth(url)
    const row = rowOf(page, pmu.topic)
    await row.waitFor()
    await page.route('**/api/v1/completeness?*', (route) =>
      route.fulfill({ status: 404, json: { message: 'no route' } }),
    )
    await row.locator('summary').click()
    await eventually(() => row.getByText('Not told by this historian.').count()).toBe(2)

    await page.unroute('**/api/v1/completeness?*')
    await page.route('**/api/v1/completeness?*', (route) => {
      const query = new URL(route.request().url()).searchParams
      const [fromUs, toUs] = [Number(query.get('from')), Number(query.get('to'))]
      const number = Number(query.get('parts'))
      const zero = { never_produced: 0, not_received: 0, lost: 0, pending: 0 }
      const parts = Array.from({ length: number }, (_, n) => {
        const place = (at: number): number => fromUs + Math.floor(((toUs - fromUs) * at) / number)
        return { ...zero, from_us: place(n), to_us: place(n + 1), expected: 100, held: n === 3 ? 60 : 100 }
      })
      const gap = {
        from_us: parts[3]!.from_us,
        to_us: parts[3]!.to_us,
        frames: 40,
        why: 'lost',
        detail: 'crash-window',
      }
      const json = {
        ...zero,
        expected: 100 * number,
        held: 100 * number - 40,
        lost: 40,
        parts,
        gaps: [gap],
        more_gaps: false,
      }
      return route.fulfill({ json })
    })
    await row.locator('summary').click()
    await row.locator('summary').click()
    const hour = row.locator('[data-period="hour"]')
    await eventually(() => hour.textContent()).toContain('99.333 % held: 5 960 of 6 000 frames, lost 40')
    expect(await hour.getByRole('img').getAttribute('aria-label')).toBe('held of each minute: 59 of 60 are complete')
    expect(await hour.locator('.gaps').textContent()).toContain('40 frames lost (crash-window)')
    expect(others(faults)).toEqual([])
  }, 60_000)
})
