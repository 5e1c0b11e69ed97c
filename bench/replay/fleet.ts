/** PMUs that send at the same instants, 50 times a second. */
import { type RawPmu, startRawPmu } from '../../judge/index.ts'
import { periodMs } from '../lab/ends/period.ts'
import { monotonicMs } from '../lab/monotonic.ts'
import { configurationFrame, dataFrame } from '../support/golden.ts'

export interface Fleet {
  readonly streams: readonly { readonly idcode: number; readonly port: number }[]
  /** Instants sent so far: sequences 1 to this. */
  readonly sent: number
  /** When an instant was sent, monotonic ms. */
  sentAt(sequence: number): number
  /** The instant of a slot of 20 ms since the UNIX epoch; NaN of none. */
  sequenceAt(slot: number): number
  /** Begins to send, or goes on. */
  flow(): void
  pause(): void
  close(): Promise<void>
}

export async function startFleet(size: number): Promise<Fleet> {
  const idcodes = Array.from({ length: size }, (_, i) => i + 1)
  const pmu: RawPmu = await startRawPmu({ configuration: idcodes.map(configurationFrame) })
  const sentAt: number[] = [0]
  const sequenceAt = new Map<number, number>()
  let timer: NodeJS.Timeout | undefined
  let slot = 0
  const next = (): void => {
    timer = setTimeout(
      () => {
        for (; slot * periodMs <= Date.now(); slot++) {
          const sequence = sentAt.push(monotonicMs()) - 1
          sequenceAt.set(slot, sequence)
          for (const idcode of idcodes) pmu.send(dataFrame(idcode, sequence, slot * periodMs))
        }
        next()
      },
      Math.max(0, slot * periodMs - Date.now()),
    )
  }
  return {
    streams: idcodes.map((idcode) => ({ idcode, port: pmu.port })),
    get sent() {
      return sentAt.length - 1
    },
    sentAt: (sequence) => sentAt[sequence] ?? Number.NaN,
    sequenceAt: (wanted) => sequenceAt.get(wanted) ?? Number.NaN,
    flow() {
      slot = Math.ceil(Date.now() / periodMs)
      next()
    },
    pause: () => clearTimeout(timer),
    close() {
      clearTimeout(timer)
      return pmu.close()
    },
  }
}
