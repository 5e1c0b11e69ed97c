/**
 * A ledger as bytes, for whoever keeps it on disk.
 *
 *   ledger => version began forgotten flags numbers kinds eras leaps digest(4)
 *     version => 1
 *     began   => varint     µs of the beginning and 1; 0 before it
 *     forgotten => varint   µs of the end of eras that are not here
 *     flags   => varint     1: retired
 *     numbers => varint x 9 expected live late duplicates conflicts, outside: stale future off-slot no-grid
 *     kinds   => count (verdict reason number) x count
 *     eras    => count (DATA_RATE TIME_BASE start from length pending absent) x count
 *       absent => count (kind intervals) x count
 *     leaps   => count (era midnight digest(4) x 3 DATA_RATE) x count
 */
import { CompactReader, CompactWriter } from './compact-bytes.ts'
import { IntervalSet } from './interval-set.ts'
import { LedgerBook, MAX_ERAS, MAX_LEAPS } from './ledger-book.ts'
import { digestOf } from './ledger-digests.ts'
import { LedgerEra } from './ledger-era.ts'
import { damaged, LedgerError } from './ledger-error.ts'
import { LeapSecond } from './ledger-leap.ts'
import type { LedgerArchive } from './ledger-stretch.ts'
import { type AbsenceKind, LedgerTally, MAX_REASONS } from './ledger-tally.ts'
import { SlotGrid } from './slot-grid.ts'

const VERSION = 1
const RETIRED = 1
const verdicts = ['never-produced', 'not-received', 'lost'] as const
const outsides = ['stale', 'future', 'off-slot', 'no-grid'] as const
/** Each verdict may have its fill of reasons, and `other`. */
const MAX_KINDS = verdicts.length * (MAX_REASONS + 1)
const DIGEST_SIZE = 4
const MAX_TIME_BASE = 0xff_ffff

export function writeLedger(book: LedgerBook): Uint8Array {
  const { tally, eras, leaps, retired, beganUs } = book
  const writer = new CompactWriter()
  writer.number(VERSION)
  writer.number(beganUs === undefined ? 0 : Math.max(0, beganUs) + 1)
  writer.number(book.forgottenUs)
  writer.number(retired ? RETIRED : 0)
  for (const number of [tally.expected, tally.live, tally.late, tally.duplicates, tally.conflicts]) {
    writer.number(number)
  }
  for (const reason of outsides) writer.number(tally.outside[reason])
  writer.number(tally.kinds.length)
  for (const { verdict, reason, count } of tally.kinds) {
    writer.number(verdicts.indexOf(verdict))
    writer.text(reason)
    writer.number(count)
  }
  writer.number(eras.length)
  for (const era of eras) writeEra(writer, era, tally.kinds)
  writer.number(leaps.length)
  for (const { era, midnight, digests } of leaps) {
    writeEra(writer, era, tally.kinds)
    writer.number(midnight)
    for (const digest of digests) writer.bytes(wordOf(digest))
  }
  writer.bytes(wordOf(digestOf(writer.view())))
  return writer.finish()
}

export function readLedger(bytes: Uint8Array, maxGaps: number, archive?: LedgerArchive): LedgerBook {
  const reader = new CompactReader(bytes.subarray(0, Math.max(0, bytes.length - DIGEST_SIZE)))
  const version = reader.number()
  if (version !== VERSION) {
    throw new LedgerError({ code: 'LEDGER_VERSION', version, known: VERSION }, `ledger of version ${version}`)
  }
  const carried = bytes.subarray(-DIGEST_SIZE)
  const computed = wordOf(digestOf(bytes.subarray(0, -DIGEST_SIZE)))
  if (!carried.every((byte, index) => byte === computed[index])) throw damaged(0, 'its digest is of other bytes')

  const began = reader.number()
  const forgottenUs = reader.number()
  const retired = reader.number() === RETIRED
  const tally = new LedgerTally()
  for (const field of ['expected', 'live', 'late', 'duplicates', 'conflicts'] as const) tally[field] = reader.number()
  for (const reason of outsides) tally.outside[reason] = reader.number()
  const kinds = readList(reader, MAX_KINDS, () => {
    const verdict = verdicts[reader.number(verdicts.length - 1)]!
    const kind = tally.kindOf(verdict, reader.text(64))
    kind.count = reader.number()
    return kind
  })
  const book = new LedgerBook(maxGaps, tally, archive)
  book.beganUs = began === 0 ? undefined : began - 1
  book.forgottenUs = forgottenUs
  book.retired = retired
  book.eras.push(...readList(reader, MAX_ERAS, () => readEra(reader, kinds)))
  book.leaps.push(...readList(reader, MAX_LEAPS, () => readLeap(reader, kinds)))
  reader.end()
  checkSum(reader, book)
  book.bound()
  return book
}

function writeEra(writer: CompactWriter, era: LedgerEra, kinds: readonly AbsenceKind[]): void {
  const { grid, start, fromUs, next, pending, absent } = era
  writer.signed(grid.dataRate)
  writer.number(grid.timeBase)
  writer.number(start)
  writer.signed(fromUs)
  writer.number(next - start)
  pending.write(writer)
  const some = [...absent].filter(([, slots]) => slots.size > 0)
  writer.number(some.length)
  for (const [kind, slots] of some) {
    writer.number(kinds.indexOf(kind))
    slots.write(writer)
  }
}

function readEra(reader: CompactReader, kinds: readonly AbsenceKind[]): LedgerEra {
  const { at } = reader
  const grid = SlotGrid.of({ dataRate: reader.signed(), timeBase: reader.number(MAX_TIME_BASE) })
  if (!grid) throw damaged(at, 'an era has no grid')
  const start = reader.number()
  const fromUs = reader.signed()
  const next = start + reader.number()
  const within = (slots: IntervalSet): IntervalSet => {
    if ((slots.first ?? start) < start || (slots.end ?? next) > next) throw damaged(at, 'an interval is not of its era')
    return slots
  }
  const pending = within(IntervalSet.read(reader))
  const absent = readList(reader, kinds.length, () => {
    const kind = kinds[reader.number(kinds.length - 1)]!
    return [kind, within(IntervalSet.read(reader))] as const
  })
  return new LedgerEra(grid, start, fromUs, next, pending, new Map(absent))
}

function readLeap(reader: CompactReader, kinds: readonly AbsenceKind[]): LeapSecond {
  const { at } = reader
  const era = readEra(reader, kinds)
  const midnight = reader.number()
  if (!LeapSecond.fits(era.grid) || era.start !== midnight * era.grid.dataRate) throw damaged(at, 'no leap second')
  const words = reader.bytes(3 * era.grid.dataRate * DIGEST_SIZE)
  const view = new DataView(words.buffer, words.byteOffset, words.byteLength)
  const digests = Uint32Array.from({ length: words.length / DIGEST_SIZE }, (_, index) => view.getUint32(4 * index))
  return new LeapSecond(era, midnight, digests)
}

function checkSum(reader: CompactReader, book: LedgerBook): void {
  const { expected, live, late, kinds } = book.tally
  const absent = kinds.reduce((sum, { count }) => sum + count, 0)
  if (expected !== live + late + absent + book.pending) throw damaged(reader.at, 'its numbers do not add up')
}

function readList<T>(reader: CompactReader, maximum: number, read: () => T): T[] {
  const items: T[] = []
  for (let left = reader.number(maximum); left > 0; left--) items.push(read())
  return items
}

function wordOf(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value)
}
