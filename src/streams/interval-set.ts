/**
 * A set of slots, kept as half-open intervals [from, to) that are sorted and
 * never touch. Slots are whole numbers from 0 to 2^53 - 1.
 *
 * Adding at the end costs a comparison and allocates nothing; elsewhere a
 * search, and moving what lies behind. How many intervals it may have is its
 * owner's business.
 */
import { CompactReader, CompactWriter } from './compact-bytes.ts'
import { damaged, LedgerError } from './ledger-error.ts'

export interface Interval {
  readonly from: number
  readonly to: number
}

export class IntervalSet implements Iterable<Interval> {
  /** from, to, from, to …; more room than is used. */
  #bounds = new Float64Array(8)
  #used = 0
  #size = 0

  static of(...intervals: readonly (readonly [from: number, to: number])[]): IntervalSet {
    const set = new IntervalSet()
    for (const [from, to] of intervals) set.add(from, to)
    return set
  }

  /** Slots in the set. */
  get size(): number {
    return this.#size
  }

  /** Intervals they lie in. */
  get intervals(): number {
    return this.#used / 2
  }

  /** The `index`-th interval, lowest first. */
  at(index: number): Interval | undefined {
    const from = this.#bounds[2 * index]
    return from === undefined || 2 * index >= this.#used ? undefined : { from, to: this.#bounds[2 * index + 1]! }
  }

  get first(): number | undefined {
    return this.#used > 0 ? this.#bounds[0] : undefined
  }

  /** One past the last slot. */
  get end(): number | undefined {
    return this.#used > 0 ? this.#bounds[this.#used - 1] : undefined
  }

  *[Symbol.iterator](): Iterator<Interval> {
    for (let at = 0; at < this.#used; at += 2) yield { from: this.#bounds[at]!, to: this.#bounds[at + 1]! }
  }

  has(slot: number): boolean {
    return this.#used > 0 && slot < this.#bounds[this.#used - 1]! && (this.#search(slot) & 1) === 1
  }

  /** Index of the interval that has `slot`, else of the next one above it. */
  indexAt(slot: number): number {
    return this.#search(slot) >> 1
  }

  /** How many of [from, to) are in the set. */
  count(from: number, to: number): number {
    let found = 0
    for (let at = this.#search(from) & ~1; at < this.#used && this.#bounds[at]! < to; at += 2) {
      found += Math.min(to, this.#bounds[at + 1]!) - Math.max(from, this.#bounds[at]!)
    }
    return found
  }

  /** Returns how many of [from, to) were not in the set before. */
  add(from: number, to = from + 1): number {
    check(from, to)
    const used = this.#used
    const end = used > 0 ? this.#bounds[used - 1]! : -1
    if (from === to) return 0
    if (from === end) {
      this.#bounds[used - 1] = to
      this.#size += to - from
      return to - from
    }
    if (from > end) {
      this.#reserve(used + 2)
      this.#bounds[used] = from
      this.#bounds[used + 1] = to
      this.#used = used + 2
      this.#size += to - from
      return to - from
    }
    return this.#merge(from, to)
  }

  /** Returns how many of [from, to) were in the set before. */
  remove(from: number, to = from + 1): number {
    check(from, to)
    if (from === to || this.#used === 0) return 0
    const removed = this.count(from, to)
    if (removed === 0) return 0
    // An odd index is inside an interval: its lower part stays, or its upper.
    const low = this.#search(from)
    const high = this.#search(to)
    const keepsLow = (low & 1) === 1 && this.#bounds[low - 1]! < from
    const keepsHigh = (high & 1) === 1 && this.#bounds[high]! > to
    const start = low & ~1
    const stop = (high & 1) === 1 ? high + 1 : high
    const [lowFrom, highTo] = [this.#bounds[start]!, keepsHigh ? this.#bounds[high]! : 0]
    this.#splice(start, stop, (keepsLow ? 2 : 0) + (keepsHigh ? 2 : 0))
    let at = start
    if (keepsLow) {
      this.#bounds[at++] = lowFrom
      this.#bounds[at++] = from
    }
    if (keepsHigh) {
      this.#bounds[at++] = to
      this.#bounds[at] = highTo
    }
    this.#size -= removed
    return removed
  }

  clear(): void {
    this.#used = 0
    this.#size = 0
  }

  /** One of its own with the same slots. */
  clone(): IntervalSet {
    const copy = new IntervalSet()
    copy.#bounds = this.#bounds.slice()
    copy.#used = this.#used
    copy.#size = this.#size
    return copy
  }

  union(other: IntervalSet): IntervalSet {
    const [small, big] = this.#used < other.#used ? [this, other] : [other, this]
    const result = big.clone()
    for (const { from, to } of small) result.add(from, to)
    return result
  }

  difference(other: IntervalSet): IntervalSet {
    const result = this.clone()
    for (const { from, to } of other) result.remove(from, to)
    return result
  }

  intersection(other: IntervalSet): IntervalSet {
    const result = new IntervalSet()
    let [i, j] = [0, 0]
    while (i < this.#used && j < other.#used) {
      const from = Math.max(this.#bounds[i]!, other.#bounds[j]!)
      const to = Math.min(this.#bounds[i + 1]!, other.#bounds[j + 1]!)
      if (from < to) result.add(from, to)
      if (this.#bounds[i + 1]! < other.#bounds[j + 1]!) i += 2
      else j += 2
    }
    return result
  }

  /*
    IntervalSet => intervals (distance length) x intervals
      intervals => varint
      distance  => varint   from the end of the interval before, or from 0
      length    => varint
  */
  write(writer: CompactWriter): void {
    writer.number(this.#used / 2)
    let end = 0
    for (let at = 0; at < this.#used; at += 2) {
      writer.number(this.#bounds[at]! - end)
      end = this.#bounds[at + 1]!
      writer.number(end - this.#bounds[at]!)
    }
  }

  encode(): Uint8Array {
    const writer = new CompactWriter()
    this.write(writer)
    return writer.finish()
  }

  static decode(bytes: Uint8Array): IntervalSet {
    const reader = new CompactReader(bytes)
    const set = IntervalSet.read(reader)
    reader.end()
    return set
  }

  /** Refuses with LEDGER_DAMAGED what {@link write} never writes. */
  static read(reader: CompactReader, maxIntervals = 1_000_000): IntervalSet {
    const set = new IntervalSet()
    const { at } = reader
    const intervals = reader.number(maxIntervals)
    if (2 * intervals > reader.remaining) throw damaged(at, `${intervals} intervals in ${reader.remaining} byte(s)`)
    set.#reserve(2 * intervals)
    let end = 0
    for (let index = 0; index < intervals; index++) {
      const from = end + reader.number()
      const to = from + reader.number()
      if (!Number.isSafeInteger(to) || to === from || (index > 0 && from === end)) {
        throw damaged(reader.at, `[${from}, ${to}) is no interval after ${end}`)
      }
      set.add(from, to)
      end = to
    }
    return set
  }

  /** How many bounds are at or below `slot`: odd where an interval has it. */
  #search(slot: number): number {
    let [low, high] = [0, this.#used]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#bounds[middle]! <= slot) low = middle + 1
      else high = middle
    }
    return low
  }

  #merge(from: number, to: number): number {
    const added = to - from - this.count(from, to)
    if (added === 0) return 0
    // The intervals that it overlaps or touches become one with it.
    let start = this.#search(from) & ~1
    if (start >= 2 && this.#bounds[start - 1] === from) start -= 2
    const high = this.#search(to)
    const stop = (high & 1) === 1 ? high + 1 : high
    const joined = stop > start
    const low = joined ? Math.min(from, this.#bounds[start]!) : from
    const top = joined ? Math.max(to, this.#bounds[stop - 1]!) : to
    this.#splice(start, stop, 2)
    this.#bounds[start] = low
    this.#bounds[start + 1] = top
    this.#size += added
    return added
  }

  /** Makes room for `width` bounds where [start, stop) were. */
  #splice(start: number, stop: number, width: number): void {
    const used = this.#used - (stop - start) + width
    this.#reserve(used)
    this.#bounds.copyWithin(start + width, stop, this.#used)
    this.#used = used
  }

  #reserve(length: number): void {
    if (length <= this.#bounds.length) return
    const grown = new Float64Array(Math.max(length, 2 * this.#bounds.length))
    grown.set(this.#bounds)
    this.#bounds = grown
  }
}

function check(from: number, to: number): void {
  if (from >= 0 && from <= to && Number.isSafeInteger(from) && Number.isSafeInteger(to)) return
  throw new LedgerError({ code: 'INTERVAL_INVALID', from, to }, `[${from}, ${to}) is no interval of slots`)
}
