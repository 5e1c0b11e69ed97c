/** PMUs that measure at the same instants, 50 times a second, whose frames take a little longer from one than from the other. */
import { startRawPmu } from '../../judge/index.ts'
import { stampFrame } from '../../src/c37118/index.ts'
import { monotonicMs } from '../lab/monotonic.ts'
import { configurationFrame, dataFrame } from '../support/golden.ts'

const periodMs = 20
/** Frames that are written in one go. */
const atOnce = 20

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
  let sequence = 0

  const instant = async (slot: number, withinMs: number): Promise<number> => {
    const [soc, fraction] = [Math.floor((slot * periodMs) / 1000), ((slot * periodMs) % 1000) * 16_777.215]
    const beginMs = monotonicMs()
    // Made before they are due: only writing takes time then.
    const template = dataFrame(1, ++sequence, 0)
    const frames = idcodes.map((idcode) => {
      // A Buffer's slice is no copy.
      const frame = Uint8Array.from(template)
      frame[4] = idcode >> 8
      frame[5] = idcode
      stampFrame(frame, { soc, fraction: Math.floor(fraction), timeQuality: 0 })
      return frame
    })
    for (let at = 0; at < size; at += atOnce) {
      const dueMs = beginMs + (withinMs * at) / size
      while (monotonicMs() < dueMs) await new Promise<void>((resolve) => setImmediate(resolve))
      for (const frame of frames.slice(at, at + atOnce)) pmu.send(frame)
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
        if (leftMs > 0) await new Promise((resolve) => setTimeout(resolve, leftMs))
        writtenMs.set(slot, await instant(slot, withinMs))
      }
      return writtenMs
    },
    close: () => pmu.close(),
  }
}
