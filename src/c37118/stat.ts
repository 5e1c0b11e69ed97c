/** STAT: the state of a PMU's data. */

/** Bits of STAT by name. */
export const Stat = {
  /** 2011: with bit 14 the data error, 00 good. 2005: data invalid. */
  dataError: 0xc000,
  notSynchronised: 0x2000,
  sortedByArrival: 0x1000,
  trigger: 0x0800,
  configurationChange: 0x0400,
  dataModified: 0x0200,
  timeQuality: 0x01c0,
  unlockedTime: 0x0030,
  triggerReason: 0x000f,
} as const

export interface StatFields {
  /** Bits 15 and 14. */
  readonly dataError: number
  /** Bit 13, inverted. */
  readonly synchronised: boolean
  /** Bit 12. */
  readonly sortedByArrival: boolean
  /** Bit 11. */
  readonly trigger: boolean
  /** Bit 10: the configuration has changed or will within a minute. */
  readonly configurationChange: boolean
  /** Bit 9. Not in 2005. */
  readonly dataModified: boolean
  /** Bits 8 to 6, PMU_TQ. Not in 2005. */
  readonly timeQuality: number
  /** Bits 5 and 4. */
  readonly unlockedTime: number
  /** Bits 3 to 0; means something while `trigger` is set. */
  readonly triggerReason: number
}

export function decodeStat(stat: number): StatFields {
  return {
    dataError: (stat >> 14) & 0b11,
    synchronised: (stat & Stat.notSynchronised) === 0,
    sortedByArrival: (stat & Stat.sortedByArrival) !== 0,
    trigger: (stat & Stat.trigger) !== 0,
    configurationChange: (stat & Stat.configurationChange) !== 0,
    dataModified: (stat & Stat.dataModified) !== 0,
    timeQuality: (stat & Stat.timeQuality) >> 6,
    unlockedTime: (stat & Stat.unlockedTime) >> 4,
    triggerReason: stat & Stat.triggerReason,
  }
}

export function encodeStat(fields: Partial<StatFields>): number {
  const { dataError = 0, synchronised = true, timeQuality = 0, unlockedTime = 0, triggerReason = 0 } = fields
  return (
    ((dataError & 0b11) << 14) |
    (synchronised ? 0 : Stat.notSynchronised) |
    (fields.sortedByArrival ? Stat.sortedByArrival : 0) |
    (fields.trigger ? Stat.trigger : 0) |
    (fields.configurationChange ? Stat.configurationChange : 0) |
    (fields.dataModified ? Stat.dataModified : 0) |
    ((timeQuality & 0b111) << 6) |
    ((unlockedTime & 0b11) << 4) |
    (triggerReason & 0b1111)
  )
}

/**
 * STAT in words: `good`, or what is not, separated by `; `. SYNC version 1 (2005)
 * has other words for bits 15 and 14, and none for 9 to 6.
 */
export function describeStat(stat: number, version = 2): string {
  const fields = decodeStat(stat)
  const words: string[] = [...dataErrorWords(fields.dataError, version)]
  if (!fields.synchronised) words.push('not synchronised')
  if (fields.sortedByArrival) words.push('sorted by arrival')
  if (fields.trigger) words.push(`trigger: ${describeTrigger(stat)}`)
  if (fields.configurationChange) words.push('configuration change')
  if (fields.dataModified) words.push(version === 2 ? 'data modified' : 'reserved bit 9 set')
  if (fields.timeQuality > 0) words.push(`time error ${pmuTimeQualities[fields.timeQuality]}`)
  if (fields.unlockedTime > 0) words.push(`unlocked for ${unlockedTimes[fields.unlockedTime]}`)
  return words.join('; ') || 'good'
}

/** Bits 15 and 14 of STAT in words; empty where the data are good. */
export const describeDataError = (stat: number, version = 2): string =>
  dataErrorWords(decodeStat(stat).dataError, version).join('; ')

/** Why it is triggered, as the low bits of STAT say while bit 11 is set. */
export const describeTrigger = (stat: number): string => triggerReasons[stat & Stat.triggerReason] ?? 'user-defined'

const dataErrorWords = (code: number, version: number): readonly string[] =>
  version === 2 ? errors2011(code) : errors2005(code)

function errors2011(code: number): readonly string[] {
  const text = ['', 'PMU error, no information about data', 'test mode or absent data', 'PMU error'][code]
  return text ? [text] : []
}

function errors2005(code: number): readonly string[] {
  return [...(code & 0b10 ? ['data invalid'] : []), ...(code & 0b01 ? ['PMU error'] : [])]
}

const triggerReasons = [
  'manual',
  'magnitude low',
  'magnitude high',
  'phase-angle difference',
  'frequency high or low',
  'df/dt high',
  'reserved',
  'digital',
] as const

/** PMU_TQ; 0 is not used (or a source of 2005). */
const pmuTimeQualities = [
  'not stated',
  'below 100 ns',
  'below 1 µs',
  'below 10 µs',
  'below 100 µs',
  'below 1 ms',
  'below 10 ms',
  'above 10 ms or unknown',
] as const

const unlockedTimes = ['less than 10 s', '10 to 100 s', '100 to 1000 s', 'more than 1000 s'] as const
