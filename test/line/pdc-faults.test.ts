/**
 * What happens to a PDC's inputs on the whole line: the bus goes away for a
 * minute, a PMU's clock jumps by an hour and back, a PMU dies and returns with
 * another configuration. The output goes on, and in the end the accounts agree.
 */
import { describe, expect, it, onTestFailed } from 'vitest'
import { compileEncoder, encodeConfiguration, stampFrame } from '../../src/c37118/index.ts'
import { accountedFor } from '../../src/streams/index.ts'
import { configurationOf } from '../pdc/configurations.ts'
import { blueFrame } from '../support/live-frames.ts'
import { needs } from '../support/needs.ts'
import { until } from '../support/until.ts'
import { startPdcLine } from './pdc-line.ts'

const idcodes = [1, 2, 3]
const HOUR_MS = 3_600_000
const need = needs('mosquitto')

/** PMU 3 after it was exchanged for another: two PMUs now, of another layout. */
const exchanged = configurationOf([{ idcode: 31 }, { idcode: 32 }], { idcode: 3, timeBase: 16_777_215 })
const [exchangedConfiguration] = encodeConfiguration(exchanged)
const encoder = compileEncoder(exchanged)
const blank = encoder.createColumns()
blank.freq.fill(50)

function exchangedFrame(atMs: number): Uint8Array {
  const frame = encoder.encode(blank)
  const fraction = Math.floor((atMs % 1000) * 16_777.215)
  stampFrame(frame, { soc: Math.floor(atMs / 1000), fraction, idcode: 3 })
  return frame
}

describe.skipIf(need.skip)(need.title('the inputs of a PDC'), () => {
  it('may lack the bus for a minute, jump by an hour, die and return as others: the output goes on', async () => {
    await using line = await startPdcLine(idcodes)
    const { archive, sentUs, frames, pmu } = line
    let clockOfTwoMs = 0
    let three: 'as it was' | 'dead' | 'exchanged' = 'as it was'
    let waitsFor = 'all three'
    onTestFailed(() => {
      const last = sentUs.slice(-400).map((us) => archive.present.get(us) ?? 0)
      const account = JSON.stringify(archive.account)
      process.stderr.write(`it waited for ${waitsFor}; PMUs of the last frames: ${last.join('')}; ${account}\n`)
    })
    const sending = line.sending((atMs) => {
      pmu.send(blueFrame(1, atMs))
      pmu.send(blueFrame(2, atMs + clockOfTwoMs))
      if (three === 'as it was') pmu.send(blueFrame(3, atMs))
      else if (three === 'exchanged') pmu.send(exchangedFrame(atMs))
    })
    /** All between two frames are in the archive, with so many PMUs. */
    const have = (from: number, to: number, pmus: number): boolean =>
      sentUs.slice(from, to).every((us) => archive.present.get(us) === pmus)
    await until(() => [...archive.present.values()].filter((pmus) => pmus === 3).length > 50)

    waitsFor = 'what was sent during the outage'
    const outage = sentUs.length
    process.kill(line.mosquitto.pid, 'SIGKILL')
    await frames(60 * 50)
    await line.mosquitto.restart()
    await until(() => have(outage, sentUs.length - 100, 3))

    waitsFor = 'two PMUs while a clock is wrong'
    const jump = sentUs.length
    clockOfTwoMs = HOUR_MS
    await frames(100)
    const back = sentUs.length
    clockOfTwoMs = 0
    await frames(100)
    // What is in flight at either end belongs to one side or the other.
    await until(() => have(jump + 5, back - 5, 2) && have(back + 5, back + 50, 3))

    waitsFor = 'two PMUs while one is dead, and four when it was exchanged'
    const death = sentUs.length
    three = 'dead'
    await frames(150)
    pmu.reconfigure(exchangedConfiguration!)
    three = 'exchanged'
    const returned = sentUs.length
    await until(() => have(death + 5, returned - 5, 2))
    // Four PMUs, two of which were not there before.
    await until(() => [...archive.present.values()].filter((pmus) => pmus === 4).length > 50)
    sending.stop()

    waitsFor = 'all to be final'
    const lastUs = sentUs.at(-1)!
    await until(() => (archive.finalUs ?? 0) > lastUs - 1_000_000)
    await until(() => sentUs.slice(outage).every((us) => archive.present.has(us)) && archive.account?.pending === 0)
    const account = archive.account!
    expect(accountedFor(account)).toBe(account.expected)
    expect([account.lost, account.conflicts]).toEqual([{}, 0])
  }, 180_000)
})
