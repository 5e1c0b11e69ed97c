/** The upper byte of FRACSEC: leap seconds, and how good the clock of the source is. */
export interface TimeQuality {
  /** Bit 7: reserved. */
  readonly reserved: boolean
  /** Bit 6: whether the leap second is deleted, not added. */
  readonly leapSecondDeleted: boolean
  /** Bit 5: set for 24 h after it. */
  readonly leapSecondOccurred: boolean
  /** Bit 4: set before it. */
  readonly leapSecondPending: boolean
  /** Bits 3 to 0, MSG_TQ: 0 locked, 1 to 11 within 1 ns to 10 s, 15 clock failure. */
  readonly indicator: number
}

export function decodeTimeQuality(byte: number): TimeQuality {
  return {
    reserved: (byte & 0x80) !== 0,
    leapSecondDeleted: (byte & 0x40) !== 0,
    leapSecondOccurred: (byte & 0x20) !== 0,
    leapSecondPending: (byte & 0x10) !== 0,
    indicator: byte & 0x0f,
  }
}

export function encodeTimeQuality(fields: Partial<TimeQuality>): number {
  return (
    (fields.reserved ? 0x80 : 0) |
    (fields.leapSecondDeleted ? 0x40 : 0) |
    (fields.leapSecondOccurred ? 0x20 : 0) |
    (fields.leapSecondPending ? 0x10 : 0) |
    ((fields.indicator ?? 0) & 0x0f)
  )
}

/** The same in words, separated by `; `. */
export function describeTimeQuality(byte: number): string {
  const { leapSecondDeleted, leapSecondOccurred, leapSecondPending, indicator } = decodeTimeQuality(byte)
  const leap = leapSecondDeleted ? 'leap second to delete' : 'leap second to add'
  const words: string[] = [indicators[indicator]!]
  if (leapSecondPending) words.push(`${leap} pending`)
  if (leapSecondOccurred) words.push(leapSecondDeleted ? 'leap second deleted' : 'leap second added')
  return words.join('; ')
}

const indicators = [
  'locked to UTC',
  'within 1 ns',
  'within 10 ns',
  'within 100 ns',
  'within 1 µs',
  'within 10 µs',
  'within 100 µs',
  'within 1 ms',
  'within 10 ms',
  'within 100 ms',
  'within 1 s',
  'within 10 s',
  'reserved',
  'reserved',
  'reserved',
  'clock failure',
] as const
