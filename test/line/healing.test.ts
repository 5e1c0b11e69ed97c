/**
 * Nothing lost, nothing twice: brokers and parts of the line are stopped in
 * mid-stream, and every frame that a PMU sent reaches its PDC.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Verdict } from '../../judge/index.ts'
import { sumOf } from '../../src/streams/index.ts'
import { startMosquitto, type TestBroker } from '../support/brokers.ts'
import { blueFrame, bluePmu, every20ms, timeOf } from '../support/live-frames.ts'
import { needs } from '../support/needs.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'
import { until } from '../support/until.ts'
import { Watched } from '../support/watched.ts'
import { startWholeLine, type WholeLine, type WholeLineOptions } from '../support/whole-line.ts'

const idcodes = [7, 8, 9]
const need = needs('mosquitto')

interface Flowing extends AsyncDisposable {
  readonly line: WholeLine
  /** Frames sent of each stream. */
  readonly sent: number
  /** Resolves when so many more frames have been sent of each stream. */
  frames(count: number): Promise<void>
  /** Resolves when frames of now, not older than 200 ms, come through. */
  live(): Promise<void>
  /** Ends the flow; resolves with the verdict when all that was sent has been read. */
  finish(): Promise<Verdict>
}

/** A line with frames of now flowing, 50 a second of each stream. */
async function flowing(options: Omit<WholeLineOptions, 'configurations'>): Promise<Flowing> {
  const line = await startWholeLine({ ...options, configurations: idcodes.map(bluePmu) })
  const ticks = new Watched()
  let sent = 0
  const sending = every20ms((atMs) => {
    sent++
    for (const idcode of idcodes) line.send(blueFrame(idcode, atMs))
    ticks.changed()
  })
  return {
    line,
    get sent() {
      return sent
    },
    frames(count) {
      const last = sent + count
      return ticks.until(() => sent >= last)
    },
    async live() {
      const from = line.reads.length
      await line.until(() => {
        const fresh = line.reads.slice(from).filter(({ frame, atMs }) => atMs - timeOf(frame) < 200)
        return idcodes.every((idcode) => fresh.some((read) => read.idcode === idcode))
      })
    },
    async finish() {
      sending.stop()
      await line.until(() => line.judge.underWay === 0)
      return line.judge.verdict()
    },
    async [Symbol.asyncDispose]() {
      sending.stop()
      await line[Symbol.asyncDispose]()
    },
  }
}

const whole = { lost: 0, duplicated: 0, differing: 0 }

function expectAccounts({ line, sent }: Flowing): void {
  for (const idcode of idcodes) {
    const { live, late, conflicts } = line.account(idcode)
    expect(live + late, `stream ${idcode}`).toBe(sent)
    expect(conflicts).toBe(0)
  }
}

describe('a line with journals, on the embedded broker', () => {
  it('loses nothing of what came while the PDC-adapter was away', async () => {
    await using flow = await flowing({ broker: 'embedded' })
    await flow.live()
    await flow.line.stopPdcAdapter()
    await flow.frames(75)
    await flow.line.startPdcAdapter()
    await flow.live()
    expect(await flow.finish()).toMatchObject(whole)
    expectAccounts(flow)
  })

  it('loses nothing while one of two PMU-adapters is there, and takes what both publish once', async () => {
    await using flow = await flowing({ broker: 'embedded', adapters: ['one', 'two'] })
    const { line } = flow
    await flow.live()
    for (const nodeId of ['one', 'two', 'one']) {
      await line.stopAdapter(nodeId)
      await flow.frames(15)
      await flow.live()
      await line.startAdapter(nodeId)
      await line.listening(2)
    }
    expect(await flow.finish()).toMatchObject(whole)
    expectAccounts(flow)
    expect(line.account(7).duplicates).toBeGreaterThan(0)
  })

  it('fills from either journal what neither adapter could publish', async () => {
    await using flow = await flowing({ broker: 'embedded', adapters: ['one', 'two'] })
    const { line } = flow
    await flow.live()
    await line.stopPdcAdapter()
    await line.stopAdapter('one')
    await flow.frames(20)
    await line.startAdapter('one')
    await line.listening(2)
    await line.stopAdapter('two')
    await flow.frames(20)
    await line.startAdapter('two')
    await line.startPdcAdapter()
    await flow.live()
    expect(await flow.finish()).toMatchObject(whole)
    expectAccounts(flow)
  })
})

describe('a PMU that goes away', () => {
  it('is missed in every slot, with what ended its link, for as long as it is away, and is live again then', async () => {
    await using line = await startWholeLine({ broker: 'embedded', configurations: [bluePmu(7)] })
    let isAway = false
    let sent = 0
    const sending = every20ms((atMs) => {
      if (isAway) return
      line.send(blueFrame(7, atMs))
      sent++
    })
    try {
      await line.until(() => line.reads.length >= 50)
      isAway = true
      await line.until(() => line.judge.underWay === 0)
      await line.stopPmu()
      for (const missed of [25, 50, 100]) {
        await until(() => sumOf(line.account(7).notReceived) > missed)
        const { expected, live, late, notReceived, pending } = line.account(7)
        expect(Object.keys(notReceived).filter((reason) => !reason.startsWith('LINK_'))).toEqual([])
        expect(live + late).toBe(sent)
        expect(expected).toBe(sent + sumOf(notReceived) + pending)
      }

      await line.startPmu()
      await line.listening(1)
      isAway = false
      const back = line.account(7).live + 50
      await until(() => line.account(7).live > back && line.account(7).pending === 0)
      expect(line.account(7)).toMatchObject({ neverProduced: 0, lost: {}, conflicts: 0 })
    } finally {
      sending.stop()
    }
    await line.until(() => line.judge.underWay === 0)
    expect(line.judge.verdict()).toMatchObject(whole)
  }, 60_000)
})

describe.skipIf(need.skip)(need.title('a line with journals, over Mosquitto'), () => {
  let mosquitto: TestBroker
  beforeAll(async () => {
    mosquitto = await startMosquitto()
  })
  afterAll(() => mosquitto[Symbol.asyncDispose]())

  it.each(['live-first', 'in-order'] as const)('loses nothing when the broker is killed, %s', async (policy) => {
    await using flow = await flowing({ broker: mosquitto, late: { policy } })
    await flow.live()
    await mosquitto.restart()
    await flow.live()
    const verdict = await flow.finish()
    expect(verdict).toMatchObject(whole)
    if (policy === 'in-order') expect(verdict.reordered).toBe(0)
    expectAccounts(flow)
  })

  it('loses nothing when the broker stalls without closing', async () => {
    await using flow = await flowing({ broker: mosquitto })
    await flow.live()
    process.kill(mosquitto.pid, 'SIGSTOP')
    await flow.frames(75)
    process.kill(mosquitto.pid, 'SIGCONT')
    await flow.live()
    expect(await flow.finish()).toMatchObject(whole)
    expectAccounts(flow)
  })

  it.each(['live-first', 'in-order'] as const)('loses nothing when the consumer is cut off, %s', async (policy) => {
    await using proxy = await startTcpProxy(mosquitto.url)
    await using flow = await flowing({ broker: mosquitto, consumerUrl: proxy.url, late: { policy } })
    await flow.live()
    for (let times = 0; times < 3; times++) {
      proxy.cut()
      await flow.live()
    }
    const verdict = await flow.finish()
    expect(verdict).toMatchObject(whole)
    if (policy === 'in-order') expect(verdict.reordered).toBe(0)
    expectAccounts(flow)
  })
})
