/**
 * A broker that dies or stalls in mid-stream: what was live then is skipped and
 * counted, nothing old comes afterwards, and the first frame after it is a new
 * one.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { deferred } from '../../src/runtime/deferred.ts'
import { startMosquitto, type TestBroker } from '../support/brokers.ts'
import { type Line, startLine } from '../support/line.ts'
import { blueFrame, bluePmu, every20ms, timeOf } from '../support/live-frames.ts'
import { metricSum } from '../support/metric-sum.ts'
import { needs } from '../support/needs.ts'
import { until } from '../support/until.ts'

const idcode = 7
const need = needs('mosquitto')

describe.skipIf(need.skip).each([
  ['QoS 1', 1],
  ['QoS 0', 0],
] as const)(need.title('over Mosquitto at %s'), (_name, qos) => {
  let mosquitto: TestBroker
  beforeAll(async () => {
    mosquitto = await startMosquitto()
  })
  afterAll(() => mosquitto[Symbol.asyncDispose]())

  /** A line with frames of now flowing, and what its PDC read: how old each frame was. */
  async function flowing(): Promise<{
    line: Line
    read: { readonly atMs: number; readonly ageMs: number }[]
    seen(fits: () => boolean): Promise<void>
    stop(): void
  }> {
    const read: { atMs: number; ageMs: number }[] = []
    let look = (): void => {}
    const line = await startLine({
      broker: mosquitto,
      configurations: [bluePmu(idcode)],
      live: { qos },
      onData(_idcode, frame) {
        const atMs = timeOf(frame)
        read.push({ atMs, ageMs: Date.now() - atMs })
        look()
      },
    })
    const sending = every20ms((atMs) => line.send(blueFrame(idcode, atMs)))
    return {
      line,
      read,
      stop: () => sending.stop(),
      seen(fits) {
        const { promise, resolve } = deferred()
        look = () => {
          if (fits()) resolve()
        }
        look()
        return promise
      },
    }
  }

  it('is live again after the broker was killed, and sends nothing old', async () => {
    const { line, read, seen, stop } = await flowing()
    await using _line = line
    await seen(() => read.length >= 50)
    await mosquitto.restart()
    const backMs = Date.now()
    await seen(() => read.some(({ atMs }) => atMs > backMs + 200))
    stop()

    const after = read.filter(({ atMs }) => atMs > backMs)
    expect(Math.max(...read.map(({ ageMs }) => ageMs))).toBeLessThan(1_000)
    expect(after.length).toBeGreaterThan(5)
    const { duplicated, differing, reordered, lost } = line.judge.verdict()
    expect({ duplicated, differing, reordered }).toEqual({ duplicated: 0, differing: 0, reordered: 0 })
    expect(lost).toBeGreaterThan(0)
    expect(await metricSum(line.metrics, 'phasorbus_live_skipped_total')).toBeGreaterThan(0)
  })

  it('skips what is late while the broker stalls without closing', async () => {
    const { line, read, seen, stop } = await flowing()
    await using _line = line
    await seen(() => read.length >= 50)
    process.kill(mosquitto.pid, 'SIGSTOP')
    const stalledMs = Date.now()
    await until(async () => (await metricSum(line.metrics, 'phasorbus_live_skipped_total', { reason: 'late' })) >= 25)
    const resumedMs = Date.now()
    process.kill(mosquitto.pid, 'SIGCONT')
    await seen(() => read.some(({ atMs }) => atMs > resumedMs + 200))
    stop()

    // In the broker's hands when it stalled: no more than the window holds.
    const stalled = read.filter(({ atMs }) => atMs > stalledMs && atMs <= resumedMs)
    expect(stalled.length).toBeLessThanOrEqual(Math.ceil((200 + 100) / 20))
    const { duplicated, differing, reordered } = line.judge.verdict()
    expect({ duplicated, differing, reordered }).toEqual({ duplicated: 0, differing: 0, reordered: 0 })
  })
})
