import { describe, expect, it } from 'vitest'
import { decodeConfiguration } from '../../src/c37118/index.ts'
import { testDeps } from '../support/deps.ts'
import { configurationFrames } from '../support/stream-frames.ts'
import { until } from '../support/until.ts'
import { apiOn, emptyApi, spanOf } from './api-on.ts'
import { DescribedApi } from './described.ts'

interface Event {
  readonly time_us: number
  readonly until_us: number | null
  readonly stream: string
  readonly kind: string
  readonly what: string
  readonly detail: string
}

describe('events over the API', () => {
  it('are triggers and lost synchronisation, gaps and how they heal, the beginning', async () => {
    await using deps = testDeps()
    const stat = (n: number): number => (n >= 20 && n < 30 ? 0x0804 : n >= 90 && n < 100 ? 0x2000 : 0)
    const { pmu, url, historian, stream } = await emptyApi(deps, { stat })
    pmu.journaled(0, 200)
    pmu.live(0, 50)
    pmu.live(60, 200)
    await until(() => pmu.account.late === 10)
    await historian.flush()
    const api = await DescribedApi.at(url)
    const period = spanOf(pmu, 0, 200)
    const event = (from: number, to: number | null, kind: string, what: string) =>
      expect.objectContaining({
        time_us: pmu.timeUs(from),
        until_us: to === null ? null : pmu.timeUs(to),
        stream: pmu.topic,
        kind,
        what,
      })
    const expected = [
      event(20, 30, 'trigger', 'frequency high or low'),
      event(50, 60, 'gap', 'healed'),
      event(90, 100, 'sync-lost', 'not synchronised'),
    ]
    const appeared = { stream: pmu.topic, kind: 'appeared', until_us: null }
    const [first, ...others] = (
      await api.json<{ events: Event[] }>(`events?${stream}&from=${pmu.timeUs(0) - 1e6}&to=${pmu.timeUs(200)}`)
    ).events
    expect(first).toMatchObject(appeared)
    expect(others).toEqual(expected)
    expect(others[0]!.detail).toBe('PMU 1, Station A (IDCODE 1)')
    expect(await api.json(`events?${period}`)).toEqual({ events: expected, more: false })
    expect(await api.json(`events?${period}&${stream}&limit=1`)).toEqual({ events: expected.slice(-1), more: true })
    const some = await api.json(`events?${period}&${stream}&limit=1&kind=trigger&kind=gap`)
    expect(some).toEqual({ events: [expected[1]], more: true })
    expect((await api.get(`events?${period}&kind=trouble`)).status).toBe(400)
    expect((await api.get(`events?from=0&to=99999999999999`)).status).toBe(400)
    expect((await api.get(`events?from=0&to=1&stream=a/b/c/PMU/9`)).status).toBe(404)
  })

  it('are gaps that stay, with why', async () => {
    await using deps = testDeps()
    const { line, pmu, url, stream } = await emptyApi(deps)
    line.journal().absent = [
      { fromUs: pmu.timeUs(50) - 1, toUs: pmu.timeUs(60) - 1, verdict: 'not-received', reason: 'LINK_SILENT' },
    ]
    pmu.journaled(0, 50)
    pmu.live(0, 50)
    pmu.live(60, 100)
    await until(() => pmu.account.pending === 0 && pmu.account.live === 90)
    const api = await DescribedApi.at(url)
    const { events } = await api.json<{ events: Event[] }>(`events?${stream}&${spanOf(pmu, 0, 100)}`)
    expect(events).toEqual([
      {
        time_us: pmu.timeUs(50),
        until_us: pmu.timeUs(60),
        stream: pmu.topic,
        kind: 'gap',
        what: 'not-received',
        detail: '10 frames: the PMU sent nothing',
      },
    ])
  })
})

describe('configurations over the API', () => {
  it('are told since their first frames, one that comes back again, and the one in force at a time', async () => {
    await using deps = testDeps()
    const { line, pmu, url, historian, stream } = await emptyApi(deps)
    const api = await DescribedApi.at(url)
    pmu.live(0, 50)
    const fromSoc = pmu.timeUs(0) / 1e6
    const other = line.stream(1, { fromSoc, phasors: 5 }).carriedBy('one')
    other.live(50, 100)
    const again = line.stream(1, { fromSoc }).carriedBy('one')
    again.live(100, 150)
    await until(() => pmu.account.live === 150)
    await historian.flush()
    const history = await api.json<{ since_us: number; epoch: number; frames_hex: string[]; pmus: object[] }[]>(
      `configuration?${stream}`,
    )
    expect(history.map(({ since_us, epoch }) => [since_us, epoch])).toEqual([
      [pmu.timeUs(0), 1],
      [pmu.timeUs(50), 2],
      [pmu.timeUs(100), 1],
    ])
    expect(history[1]).toMatchObject({ idcode: 1, data_rate: 50, time_base: 1_000_000 })
    expect(history[1]!.pmus).toMatchObject([
      { station_name: 'Station A', idcode: 1, phasors: Array.from({ length: 5 }, (_, n) => ({ name: `V${n}` })) },
    ])
    const frames = history[1]!.frames_hex.map((hex) => Uint8Array.from(Buffer.from(hex, 'hex')))
    expect(decodeConfiguration(frames)).toEqual(decodeConfiguration(configurationFrames(other.configuration)))
    for (const [at, found] of [
      [pmu.timeUs(49), history[0]],
      [pmu.timeUs(50), history[1]],
      [pmu.timeUs(9999), history[2]],
    ] as const)
      expect(await api.json(`configuration?${stream}&at=${at}`)).toEqual([found])
    expect((await api.get(`configuration?${stream}&at=0`)).status).toBe(400)
    expect((await api.get('configuration?stream=a/b/c/PMU/9')).status).toBe(404)
    const { events } = await api.json<{ events: Event[] }>(`events?${stream}&${spanOf(pmu, 1, 150)}`)
    expect(events).toMatchObject([
      { time_us: pmu.timeUs(50), until_us: null, kind: 'configuration', what: 'changed' },
      { time_us: pmu.timeUs(100), until_us: null, kind: 'configuration', what: 'changed' },
    ])
    expect(events[0]!.detail).toBe(
      '50 frames/s, 1 PMU, 5 phasors and analogs; before: 50 frames/s, 1 PMU, 3 phasors and analogs',
    )
  })
})

describe('the grid over the API', () => {
  it('is what it was given at start', async () => {
    await using deps = testDeps()
    const pmus = [{ topic: 'area/secondary-station/1/PMU/1', idcode: 1, simulated: true, bus: '18' }]
    const grid = {
      area: 'area',
      sites: [{ site: 'secondary-station/1', area: 'area', pmus, pdcs: [], historians: [{ id: 'h', streams: ['#'] }] }],
      network: { nominal_v: 7309, buses: ['1', '2'], branches: [{ from: '1', to: '2', closed: true }] },
    }
    const { get } = await apiOn(deps, { grid })
    expect(await (await get('grid')).json()).toEqual(grid)
  })
})
