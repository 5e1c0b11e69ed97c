/** The disk of a journal fails, or keeps its writers waiting: live frames go on, and what was kept is replayed. */
import { describe, expect, it } from 'vitest'
import { type Changing, type TroubledFiles, troubledFiles } from '../journal/support/troubled-files.ts'
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

/** Of files that are open too: a kernel remounts so what it does not trust any more. */
const changing: readonly Changing[] = ['open', 'writev', 'writeSync', 'truncate', 'unlink', 'makeFolder']

const troubles: readonly (readonly [string, Trouble])[] = [
  ['is full', { begin: (files) => files.fail('ENOSPC'), end: (files) => files.fail(undefined), isTold: true }],
  [
    'is read-only',
    {
      begin: (files) => files.fail({ code: 'EROFS', calls: changing }),
      end: (files) => files.fail(undefined),
      isTold: true,
    },
  ],
  ['never ends a write', { begin: (files) => files.stall(true), end: (files) => files.stall(false), isTold: false }],
]

describe.skipIf(need.skip)(need.title('a line whose journal is on a disk that'), () => {
  it.each(troubles)('%s delays no live frame, gives what it kept, and heals by itself', async (_, trouble) => {
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
    const metric = (name: string): Promise<number> => metricSum(line.metrics, `phasorbus_journal_${name}`)
    const live = async (): Promise<void> => {
      const from = line.reads.length
      await line.until(() => line.reads.slice(from).some(({ frame, atMs }) => atMs - timeOf(frame) < LIVE_MS))
    }

    try {
      await live()
      trouble.begin(files)
      const [from, attempts, sentBefore] = [line.reads.length, files.attempts, sent]
      await frames(100)
      expect(files.attempts).toBeGreaterThan(attempts)
      if (trouble.isTold) await until(async () => (await metric('failing')) === 1)
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

      if (!trouble.isTold) return
      expect(await metric('failing')).toBe(1)
      trouble.end(files)
      // Nobody has to help: what came meanwhile is on the disk then.
      const bytes = (sent - sentBefore) * blueFrame(idcode, 0).length
      await until(async () => (await metric('failing')) === 0 && (await metric('disk_bytes')) >= bytes)
      expect(await metric('lost_frames_total')).toBe(0)
    } finally {
      sending.stop()
      trouble.end(files)
    }
  })
})
