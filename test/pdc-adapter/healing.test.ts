import { afterEach, describe, expect, it, vi } from 'vitest'
import { Command } from '../../src/c37118/index.ts'
import { LateSettings, RecoverySettings } from '../../src/config/recovery.ts'
import { ServerConfig } from '../../src/config/server.ts'
import { startPdcAdapter } from '../../src/pdc-adapter/index.ts'
import { type TestDeps, testDeps } from '../support/deps.ts'
import { JournaledStreams, site, type TestStream } from '../support/journaled-streams.ts'
import { timeUsOf } from '../support/memory-journal.ts'
import { metricSum } from '../support/metric-sum.ts'
import { command, connectRawPdc, frameType, type RawPdc } from '../support/raw-pdc.ts'
import { configurationFrames } from '../support/stream-frames.ts'
import { until } from '../support/until.ts'

const IDCODE = 7

afterEach(() => void vi.useRealTimers())

interface AdapterOptions {
  readonly late?: Partial<LateSettings>
  readonly recovery?: Partial<RecoverySettings>
}

async function startAdapter(deps: TestDeps, { late, recovery }: AdapterOptions = {}) {
  const streams = await JournaledStreams.start(deps)
  const adapter = deps.stops(
    startPdcAdapter(
      {
        id: 'test',
        streams: [`${site}/PMU/#`],
        server: ServerConfig.parse({ listen: ['tcp://127.0.0.1:0'] }),
        recovery: RecoverySettings.parse({ closeAfterMs: 600_000, ...recovery }),
        late: LateSettings.parse({ ...late }),
      },
      { ...deps, bus: streams.bus('pdc-adapter'), replayBus: streams.bus('pull') },
    ),
  )
  await adapter.ready
  streams.accounts = () => adapter.accounts()
  let turnedOn = 0
  return {
    streams,
    status: () => adapter.server.status()[0]!.clients,
    served: () => until(() => adapter.server.idcodes.includes(IDCODE)),
    /** A PDC that has the configuration, and data on. */
    async pdc(): Promise<RawPdc> {
      const pdc = await connectRawPdc(adapter.server.address.port)
      pdc.send(command(IDCODE, Command.sendConfig2), command(IDCODE, Command.dataOn))
      await pdc.received(frameType.config2)
      turnedOn++
      await until(
        async () =>
          (await metricSum(deps.metrics, 'phasorbus_serve_commands_total', { command: 'data-on' })) === turnedOn,
      )
      return pdc
    },
  }
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, n) => from + n)
const timesOf = (stream: TestStream, numbers: readonly number[]): number[] => numbers.map((n) => stream.timeUs(n))
const sorted = (values: readonly number[]): number[] => values.toSorted((a, b) => a - b)
const dataOf = ({ frames }: RawPdc): Buffer[] => frames.filter((frame) => ((frame[1]! >> 4) & 7) === frameType.data)
const timesAt = (pdc: RawPdc): number[] => dataOf(pdc).map(timeUsOf)

describe('a PDC-adapter that heals', () => {
  it('sends what was missed between live frames, each once', async () => {
    await using deps = testDeps()
    const { streams, served, pdc: connect } = await startAdapter(deps)
    const stream = streams.stream(IDCODE).carriedBy('one')
    await served()
    await using pdc = await connect()
    stream.journaled(0, 1000)
    stream.live(0, 100)
    stream.live(800, 1000)
    await pdc.received(frameType.data, 1000)

    const times = timesAt(pdc)
    expect(sorted(times)).toEqual(timesOf(stream, range(0, 1000)))
    expect(
      dataOf(pdc).every((frame) =>
        frame.equals(stream.frame(Math.round((timeUsOf(frame) - stream.timeUs(0)) / 20_000))),
      ),
    ).toBe(true)
    const late = times.filter((timeUs) => timeUs > stream.timeUs(99) && timeUs < stream.timeUs(800))
    expect(late).toEqual(sorted(late))
    expect(stream.account).toMatchObject({ expected: 1000, live: 300, late: 700, pending: 0 })
  })

  it('sends what came while no PDC was there to the one that comes', async () => {
    await using deps = testDeps()
    const { streams, served, pdc: connect } = await startAdapter(deps)
    const stream = streams.stream(IDCODE).carriedBy('one')
    await served()
    stream.journaled(0, 500)
    {
      await using first = await connect()
      stream.live(0, 100)
      await first.received(frameType.data, 100)
    }
    await until(async () => (await metricSum(deps.metrics, 'phasorbus_serve_clients')) === 0)
    stream.live(100, 400)
    await until(() => stream.account.pending === 299)
    await using second = await connect()
    stream.live(400, 500)
    await second.received(frameType.data, 400)
    expect(sorted(timesAt(second))).toEqual(timesOf(stream, range(100, 500)))
    expect(stream.account).toMatchObject({ expected: 500, live: 200, late: 300, pending: 0 })
  })

  it.each(['live-first', 'in-order'] as const)(
    'sends again what was never sent to a PDC that did not read, and has gone, to one that comes at once (%s)',
    { timeout: 90_000 },
    async (policy) => {
      // Not a tick passes between the two.
      vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
      await using deps = testDeps()
      const { streams, served, status, pdc: connect } = await startAdapter(deps, { late: { policy } })
      const stream = streams.stream(IDCODE, { phasors: 3000 }).carriedBy('one')
      await served()
      let count = 0
      {
        await using first = await connect()
        first.socket.pause()
        while (status()[0]!.bufferedBytes < 500_000) {
          stream.journaled(count, count + 10)
          stream.live(count, count + 10)
          count += 10
          await until(() => stream.account.live === count)
        }
      }
      await until(() => status().length === 0)
      await using second = await connect()
      const { pending } = stream.account
      expect(pending).toBeGreaterThan(20)
      const dataCame = (): boolean => {
        vi.advanceTimersByTime(20)
        return timesAt(second).length >= pending
      }
      await until(dataCame)
      expect(timesAt(second)).toEqual(timesOf(stream, range(count - pending, count)))
      await until(() => stream.account.pending === 0)
      expect(stream.account).toMatchObject({ expected: count, live: count - pending, late: pending })
    },
  )

  it('heals by the clock where no live frame comes', async () => {
    await using deps = testDeps()
    const { streams, served, pdc: connect } = await startAdapter(deps)
    const stream = streams.stream(IDCODE).carriedBy('one')
    await served()
    stream.journaled(0, 300)
    {
      await using first = await connect()
      stream.live(0)
      await first.received(frameType.data)
    }
    await until(async () => (await metricSum(deps.metrics, 'phasorbus_serve_clients')) === 0)
    stream.live(1, 300)
    await until(() => stream.account.pending === 298)
    await using pdc = await connect()
    await pdc.received(frameType.data, 298)
    expect(timesAt(pdc)).toEqual(timesOf(stream, range(1, 299)))
  })

  it('sends nothing of another configuration than the PDC has: that is lost, and said', async () => {
    await using deps = testDeps()
    const { streams, served, pdc: connect } = await startAdapter(deps)
    const stream = streams.stream(IDCODE).carriedBy('one')
    const before = streams.stream(IDCODE, { phasors: 5 })
    await served()
    await using pdc = await connect()
    stream.journaled(0, 100)
    const old = range(100, 200).map((n) => before.frame(n))
    streams.journal().add(stream.topic, ...configurationFrames(before.configuration), ...old)
    stream.journaled(200, 300)
    stream.live(0, 100)
    stream.live(290, 300)
    await pdc.received(frameType.data, 200)
    await until(() => stream.account.pending === 0)
    expect(sorted(timesAt(pdc))).toEqual(timesOf(stream, [...range(0, 100), ...range(200, 300)]))
    expect(stream.account).toMatchObject({ expected: 300, live: 110, late: 90, lost: { 'other-configuration': 100 } })
  })

  it('sends live frames alone with live-only, and counts the rest as lost', async () => {
    await using deps = testDeps()
    const { streams, served, pdc: connect } = await startAdapter(deps, { late: { policy: 'live-only' } })
    const stream = streams.stream(IDCODE).carriedBy('one')
    await served()
    await using pdc = await connect()
    stream.journaled(0, 100)
    stream.live(0, 10)
    stream.live(90, 100)
    await pdc.received(frameType.data, 20)
    await until(() => stream.account.lost['live-only'] === 80)
    expect(streams.journal().queries).toEqual([])
    expect(stream.account).toMatchObject({ expected: 100, live: 20, pending: 0 })
  })
})

describe('a PDC-adapter that heals in order', () => {
  it('lets live frames wait until the gap before them is filled', async () => {
    await using deps = testDeps()
    const { streams, served, pdc: connect } = await startAdapter(deps, { late: { policy: 'in-order' } })
    const stream = streams.stream(IDCODE).carriedBy('one')
    await served()
    await using pdc = await connect()
    stream.journaled(0, 1000)
    stream.live(0, 100)
    stream.live(300, 350)
    stream.live(800, 1000)
    await pdc.received(frameType.data, 1000)
    expect(timesAt(pdc)).toEqual(timesOf(stream, range(0, 1000)))
    expect(stream.account).toMatchObject({ expected: 1000, live: 350, late: 650, pending: 0 })
  })

  it('is not led astray by a frame of the future: what is earlier comes after it all the same', async () => {
    await using deps = testDeps()
    const { streams, served, pdc: connect } = await startAdapter(deps, { late: { policy: 'in-order' } })
    const stream = streams.stream(IDCODE).carriedBy('one')
    await served()
    await using pdc = await connect()
    stream.journaled(0, 200)
    stream.live(0, 50)
    const inAnHour = 3600 * 50
    stream.live(inAnHour)
    stream.live(100, 200)
    await pdc.received(frameType.data, 201)
    expect(timesAt(pdc)).toEqual(timesOf(stream, [...range(0, 50), inAnHour, ...range(50, 200)]))
    expect(stream.account).toMatchObject({ expected: 200, live: 150, late: 50, outside: { future: 1 } })
  })

  it('lets them go when the journal knows why there is nothing', async () => {
    await using deps = testDeps()
    const { streams, served, pdc: connect } = await startAdapter(deps, { late: { policy: 'in-order' } })
    const stream = streams.stream(IDCODE).carriedBy('one')
    await served()
    await using pdc = await connect()
    stream.journaled(0, 20)
    streams.journal().absent = [{ fromUs: stream.timeUs(20), toUs: stream.timeUs(30), verdict: 'never-produced' }]
    stream.live(0, 10)
    stream.live(30, 40)
    await pdc.received(frameType.data, 30)
    expect(timesAt(pdc)).toEqual(timesOf(stream, [...range(0, 20), ...range(30, 40)]))
    expect(stream.account).toMatchObject({ expected: 40, live: 20, late: 10, neverProduced: 10 })
  })

  it('lets them wait no longer than it is told, and counts what comes after that as lost', async () => {
    await using deps = testDeps()
    const options = { late: { policy: 'in-order' as const, maxWaitMs: 300 } }
    const { streams, served, pdc: connect } = await startAdapter(deps, options)
    const stream = streams.stream(IDCODE).carriedBy('one')
    await served()
    await using pdc = await connect()
    stream.journaled(0, 40)
    let answer = (): void => {}
    streams.journal().before = () =>
      new Promise((resolve) => {
        answer = resolve
      })
    stream.live(0, 10)
    stream.live(30, 40)
    await pdc.received(frameType.data, 20)
    answer()
    await until(() => stream.account.pending === 0)
    expect(timesAt(pdc)).toEqual(timesOf(stream, [...range(0, 10), ...range(30, 40)]))
    expect(stream.account).toMatchObject({ expected: 40, live: 20, lost: { 'too-late': 20 } })
  })
})
