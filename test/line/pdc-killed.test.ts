/**
 * A PDC in a process of its own, killed (-9) and started again, and its broker
 * taken away: what it could not say in time it says later, and archives have it.
 */
import { describe, expect, it } from 'vitest'
import { accountedFor } from '../../src/streams/index.ts'
import { blueFrame } from '../support/live-frames.ts'
import { needs } from '../support/needs.ts'
import { until } from '../support/until.ts'
import { startPdcLine } from './pdc-line.ts'

const idcodes = [1, 2, 3]
const need = needs('mosquitto')

describe.skipIf(need.skip)(need.title('a PDC that is killed, and one whose broker is away'), () => {
  it('has said every instant in the end, with all PMUs', async () => {
    await using line = await startPdcLine(idcodes)
    const { archive, sentUs, frames } = line
    const sending = line.sending((atMs) => {
      for (const idcode of idcodes) line.pmu.send(blueFrame(idcode, atMs))
    })
    await until(() => [...archive.present.values()].filter((pmus) => pmus === 3).length > 50)
    const from = sentUs.length

    await line.kill('pdc')
    await frames(50)
    await line.start('pdc')
    await frames(100)
    await line.mosquitto.restart()
    await frames(150)
    sending.stop()

    // Frames are sent with FRACSEC cut off: by its nearest instant each is known.
    const lacking = (): number[] => sentUs.slice(from).filter((us) => archive.present.get(us) !== idcodes.length)
    await until(() => lacking().length === 0)
    const account = archive.account!
    expect(accountedFor(account)).toBe(account.expected)
    expect(account.pending).toBe(0)
  }, 90_000)
})
