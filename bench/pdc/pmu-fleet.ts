/** PMUs that measure at the same instants, 50 times a second, whose frames take a little longer from one than from the other. */
import { setTimeout as sleep } from 'node:timers/promises'
import { startRawPmu } from '../../judge/index.ts'
import { stampFrame } from '../../src/c37118/index.ts'
import { monotonicMs } from '../lab/monotonic.ts'
import { configurationFrame, dataFrame } from '../support/golden.ts'

const periodMs = 20

export interface PmuFleet {
  readonly idcodes: readonly number[]
  readonly port: number
  /** Somebody reads all of them. */
  readonly on: Promise<void>
  /**
   * Sends until the time is over, the frames of an instant within so many ms.
   * When the last of each was written, monotonic ms; by its number of periods since
   * the UNIX epoch.
   */
  run(seconds: number, withinMs: number): Promise<ReadonlyMap<number, number>>
  close(): Promise<void>
}

export async function startPmuFleet(size: number): Promise<PmuFleet> {
  const idcodes = Array.from({ length: size }, (_, i) => i + 1)
  const pmu = await startRawPmu({ configuration: idcodes.map(configurationFrame) })
  // Those of two instants in turn, made once: what is collected here is time that the PDC did not take.
  const sets = [0, 1].map(() => idcodes.map((idcode) => dataFrame(idcode, 0, 0)))
  let sequence = 0

  const instant = async (slot: number, withinMs: number): Promise<number> => {
    const [soc, fraction] = [Math.floor((slot * periodMs) / 1000), ((slot * periodMs) % 1000) * 16_777.215]
    const beginMs = monotonicMs()
    const frames = sets[slot & 1]!
    for (const frame of frames) {
      frame[16] = ++sequence >> 24
      frame[17] = sequence >> 16
      frame[18] = sequence >> 8
      frame[19] = sequence
      stampFrame(frame, { soc, fraction: Math.floor(fraction), timeQuality: 0 })
    }
    // One part each ms: a sender that looked at the clock all the time would take it from the PDC.
    const parts = Math.max(1, withinMs)
    for (let part = 0; part < parts; part++) {
      const waitMs = beginMs + part - monotonicMs()
      if (waitMs > 0) await sleep(waitMs)
      const end = Math.ceil(((part + 1) * size) / parts)
      for (let one = Math.ceil((part * size) / parts); one < end; one++) pmu.send(frames[one]!)
    }
    return monotonicMs()
  }
  return {
    idcodes,
    port: pmu.port,
    on: pmu.on,
    async run(seconds, withinMs) {
      const writtenMs = new Map<number, number>()
      const first = Math.ceil(Date.now() / periodMs) + 1
      for (let slot = first; slot < first + (seconds * 1000) / periodMs; slot++) {
        const leftMs = slot * periodMs - Date.now()
        if (leftMs > 0) await sleep(leftMs)
        writtenMs.set(slot, await instant(slot, withinMs))
      }
      return writtenMs
    },
    close: () => pmu.close(),
  }
}
