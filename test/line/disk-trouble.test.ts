/** The disk of a journal fails, or keeps its writers waiting: live frames go on, and what was kept is replayed. */
import { describe, expect, it } from 'vitest'
import { type TroubledFiles, troubledFiles } from '../journal/support/troubled-files.ts'
import { startMosquitto } from '../support/brokers.ts'
import { blueFrame, bluePmu, every20ms, timeOf } from '../support/live-frames.ts'
import { metricSum } from '../support/metric-sum.ts'
import { needs } from '../support/needs.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'
import { until } from '../support/until.ts'
import { Watched } from '../support/watched.ts'
import { startWholeLine } from '../support/whole-line.ts'

const need = needs('mosquitto')
const idcode = 7
/** What is older is not live. */
const LIVE_MS = 200

interface Trouble {
  begin(files: TroubledFiles): void
  end(files: TroubledFiles): void
  /** Whether the journal can say so: a write that only waits has not failed. */
  readonly isTold: boolean
}

const troubles: readonly (readonly [string, Trouble])[] = [
  ['is full', { begin: (files) => files.fail('ENOSPC'), end: (files) => files.fail(undefined), isTold: true }],
  ['never ends a write', { begin: (files) => files.stall(true), end: (files) => files.stall(false), isTold: false }],
]

describe.skipIf(need.skip)(need.title('a line whose journal is on a disk that'), () => {
  it.each(troubles)('%s delays no live frame, and gives what it kept to whoever missed it', async (_, trouble) => {
    await using mosquitto = await startMosquitto()
    await using proxy = await startTcpProxy(mosquitto.url)
    const files = troubledFiles()
    const broker = { url: mosquitto.url }
    await using line = await startWholeLine({
      broker,
      consumerUrl: proxy.url,
      configurations: [bluePmu(idcode)],
      files,
    })
    const ticks = new Watched()
    let sent = 0
    const sending = every20ms((atMs) => {
      sent++
      line.send(blueFrame(idcode, atMs))
      ticks.changed()
    })
    const frames = (count: number): Promise<void> => {
      const last = sent + count
      return ticks.until(() => sent >= last)
    }
    const live = async (): Promise<void> => {
      const from = line.reads.length
      await line.until(() => line.reads.slice(from).some(({ frame, atMs }) => atMs - timeOf(frame) < LIVE_MS))
    }

    try {
      await live()
      trouble.begin(files)
      const [from, attempts] = [line.reads.length, files.attempts]
      await frames(100)
      expect(files.attempts).toBeGreaterThan(attempts)
      if (trouble.isTold) await until(async () => (await metricSum(line.metrics, 'phasorbus_journal_failing')) === 1)
      await line.until(() => line.reads.length >= from + 90)
      const ages = line.reads.slice(from).map(({ frame, atMs }) => atMs - timeOf(frame))
      // One in twenty for a busy machine; a frame that waits for the disk would wait until the end.
      expect(ages.toSorted((a, b) => a - b)[Math.floor(0.95 * ages.length)]).toBeLessThan(LIVE_MS)

      proxy.cut()
      proxy.stall()
      await frames(50)
      proxy.resume()
      await live()
      sending.stop()
      await line.until(() => line.judge.underWay === 0)
      expect(line.judge.verdict()).toMatchObject({ lost: 0, duplicated: 0, differing: 0 })
      expect(line.account(idcode).late).toBeGreaterThan(20)
    } finally {
      sending.stop()
      trouble.end(files)
    }
  })
})
