/** A consumer that keeps what it gets of a PDC's stream, as an archive does. */
import type { Bus } from '../../src/bus/index.ts'
import { dataBlocks, decodeConfiguration, isAbsentBlock } from '../../src/c37118/index.ts'
import { RecoverySettings } from '../../src/config/recovery.ts'
import { startConsumer, timeUsOf } from '../../src/recovery/index.ts'
import type { Account } from '../../src/streams/index.ts'
import type { TestDeps } from '../support/deps.ts'

export interface Archive {
  /** By instant in µs: how many PMUs the most complete frame of it has. */
  readonly present: ReadonlyMap<number, number>
  readonly revised: number
  readonly account: Account | undefined
  /** Every instant before it is final, as the PDC says. */
  readonly finalUs: number | undefined
}

export function archiveOf(
  deps: TestDeps,
  topic: string,
  buses: { readonly bus: Bus; readonly replayBus: Bus },
  recovery: Partial<RecoverySettings> = {},
): Archive {
  const present = new Map<number, number>()
  const byFragments = new Map<readonly Uint8Array[], readonly number[]>()
  let inForce: readonly Uint8Array[] = []
  let revised = 0
  let finalUs: number | undefined
  const keep = (frame: Uint8Array, fragments: readonly Uint8Array[]): void => {
    const known = byFragments.get(fragments)
    const blocks = known ?? dataBlocks(decodeConfiguration(fragments)).map(({ offset }) => offset)
    if (!known) byFragments.set(fragments, blocks)
    const us = timeUsOf(frame, 1_000_000)
    const count = blocks.filter((offset) => !isAbsentBlock(frame, offset)).length
    present.set(us, Math.max(present.get(us) ?? 0, count))
  }
  const consumer = deps.stops(
    startConsumer(
      { id: `archive-${topic}`, streams: [topic], recovery: RecoverySettings.parse(recovery) },
      {
        ...deps,
        ...buses,
        sink: {
          configuration(_topic, fragments) {
            inForce = fragments
          },
          live(_topic, frame) {
            keep(frame, inForce)
            return true
          },
          outside() {},
          state(_topic, { pdc }) {
            if (pdc?.final) finalUs = Date.parse(pdc.final) * 1000
          },
          late(_topic, frame, fragments) {
            keep(frame, fragments)
            return true
          },
          lateRoom: () => 1000,
          revised(_topic, frame, fragments) {
            revised++
            keep(frame, fragments)
            return true
          },
        },
      },
    ),
  )
  return {
    present,
    get revised() {
      return revised
    },
    get finalUs() {
      return finalUs
    },
    get account() {
      return consumer.accounts().get(topic)
    },
  }
}
