/**
 * What a log says was to be appended, against what is there: the last run may
 * have been killed before, within, or after writing it, and either may be damaged.
 */
import { decodeEvents } from './journal-event.ts'
import { scanFrames, wholeFramesIn } from './scan-frames.ts'

export interface Reconciled {
  /** So many bytes of what is there stay. */
  readonly keep: number
  /** And this follows. */
  readonly append: Uint8Array
}

const NOTHING = new Uint8Array(0)

interface Kind {
  /** Bytes of the whole items, from the first on. */
  wholeIn(bytes: Uint8Array): number
  itemsIn(bytes: Uint8Array): Uint8Array[]
}

const frames: Kind = {
  wholeIn: wholeFramesIn,
  itemsIn(bytes) {
    const items: Uint8Array[] = []
    scanFrames(bytes, 0, (frame) => items.push(frame), ignore)
    return items
  },
}

const lines: Kind = {
  wholeIn(bytes) {
    const { damaged, validBytes } = decodeEvents(bytes)
    return Math.min(validBytes, damaged[0] ?? validBytes)
  },
  itemsIn(bytes) {
    const items: Uint8Array[] = []
    for (let at = 0; at < bytes.length; ) {
      const end = bytes.indexOf(0x0a, at) + 1
      items.push(bytes.subarray(at, end === 0 ? bytes.length : end))
      at = end === 0 ? bytes.length : end
    }
    return items
  },
}

export const reconcileFrames = (actual: Uint8Array, planned: Uint8Array): Reconciled =>
  reconcile(actual, planned, frames)

export const reconcileLines = (actual: Uint8Array, planned: Uint8Array): Reconciled => reconcile(actual, planned, lines)

function reconcile(actual: Uint8Array, planned: Uint8Array, kind: Kind): Reconciled {
  const same = commonPrefix(actual, planned)
  if (same === planned.length) return { keep: same + kind.wholeIn(actual.subarray(same)), append: NOTHING }
  if (same === actual.length) return { keep: same, append: planned.subarray(same) }
  const whole = kind.wholeIn(actual)
  // Torn, or zeros: what was being written when the power went.
  if (whole <= same) return { keep: same, append: planned.subarray(same) }
  // The log is the damaged one: what is there stays, and what it does not have follows.
  const have = new Set(kind.itemsIn(actual.subarray(0, whole)).map(textOf))
  const items = kind.itemsIn(planned)
  const lastHad = items.findLastIndex((item) => have.has(textOf(item)))
  return { keep: whole, append: Buffer.concat(items.slice(lastHad + 1)) }
}

function commonPrefix(one: Uint8Array, other: Uint8Array): number {
  const end = Math.min(one.length, other.length)
  if (Buffer.compare(one.subarray(0, end), other.subarray(0, end)) === 0) return end
  let at = 0
  while (one[at] === other[at]) at++
  return at
}

const textOf = (item: Uint8Array): string => Buffer.from(item.buffer, item.byteOffset, item.length).toString('latin1')

function ignore(): void {}
