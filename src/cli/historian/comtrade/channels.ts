/**
 * What of a configuration becomes which channel of COMTRADE. Phases, and the
 * bits of FRACSEC and STAT, are called as in the schema for phasor data (C37.111,
 * annex H), where C37.118.2-2011 means the same by them. Angles are in radians.
 */
import type { Configuration, DataColumns, PhasorComponent, PmuConfiguration } from '../../../c37118/index.ts'
import { channelsOf, FrameTable } from '../../../historian/index.ts'

export interface AnalogOutput {
  readonly name: string
  /** Phase and part, where they are known: `Am`, `Aa`, `F`, `df`. */
  readonly phase: string
  readonly unit: string
  /** NaN where it is absent. */
  read(columns: DataColumns): number
}

export interface StatusOutput {
  readonly name: string
  /** `T` of FRACSEC, `S` of STAT, `B` of a digital word, and which bit: from 1 of `T`, in hexadecimal else. */
  readonly phase: string
  /** 0 or 1. */
  readonly normal: number
  read(columns: DataColumns): boolean
}

export interface ComtradeChannels {
  readonly analogs: readonly AnalogOutput[]
  readonly statuses: readonly StatusOutput[]
}

export function comtradeChannels(configuration: Configuration): ComtradeChannels {
  const unique = uniqueNames()
  const quantities = channelsOf(new FrameTable(configuration)).filter(({ isWord }) => !isWord)
  const analogs: AnalogOutput[] = []
  const statuses: StatusOutput[] = timeQualityBits(unique)
  let words = 0
  configuration.pmus.forEach((pmu, index) => {
    const phases = analogPhases(pmu)
    const of = quantities.splice(0, phases.length)
    of.forEach(({ id, unit, read }, at) => {
      const name = unique(`${stationOf(pmu)}:${id.slice(id.indexOf('.') + 1)}`)
      analogs.push({ name, phase: phases[at]!, unit, read })
    })
    STAT_BITS.forEach((bit, at) => {
      statuses.push({
        name: unique(`${stationOf(pmu)}:${bit}`),
        phase: `S${hex(at)}`,
        normal: 0,
        read: ({ stat }) => ((stat[index]! >> at) & 1) === 1,
      })
    })
    pmu.digitals.forEach(({ labels, normal, valid }) => {
      const word = words++
      for (let at = 0; at < 16; at++) {
        // A word of which nothing is marked is not known to be unused.
        if (valid !== 0 && ((valid >> at) & 1) === 0) continue
        statuses.push({
          name: unique(`${stationOf(pmu)}:${field(labels[at] ?? '') || `BIT ${at}`}`),
          phase: `B${hex(at)}`,
          normal: (normal >> at) & 1,
          read: ({ digitals }) => ((digitals[word]! >> at) & 1) === 1,
        })
      }
    })
  })
  return { analogs, statuses }
}

/** Bits 0 to 15. */
const STAT_BITS = [
  ...['TRG1', 'TRG2', 'TRG3', 'TRG4', 'UNLK1', 'UNLK2', 'TQ1', 'TQ2', 'TQ3', 'DATAMOD'],
  ...['CFGCH', 'PMUTR', 'SORT', 'SYNC', 'PMUERR', 'DTVLD'],
] as const

/** Bits 0 to 6 of the upper byte of FRACSEC. */
const TIME_QUALITY_BITS = ['TQ_CNT0', 'TQ_CNT1', 'TQ_CNT2', 'TQ_CNT3', 'TQ_LSPND', 'TQ_LSOCC', 'TQ_LSDIR'] as const

const timeQualityBits = (unique: (name: string) => string): StatusOutput[] =>
  TIME_QUALITY_BITS.map((name, at) => ({
    name: unique(name),
    phase: `T${at + 1}`,
    normal: 0,
    read: ({ timeQuality }) => ((timeQuality >> at) & 1) === 1,
  }))

/** In the order of the channels: magnitude and angle of each phasor, FREQ, DFREQ, analogs. */
function analogPhases({ phasors, analogs }: PmuConfiguration): readonly string[] {
  const ofPhasors = phasors.flatMap(({ component }) => {
    const letter = component === undefined ? undefined : letters[component]
    return letter === undefined ? ['', ''] : [`${letter}m`, `${letter}a`]
  })
  return [...ofPhasors, 'F', 'df', ...analogs.map(() => '')]
}

const letters: Readonly<Partial<Record<PhasorComponent, string>>> = {
  'phase A': 'A',
  'phase B': 'B',
  'phase C': 'C',
  'positive sequence': 'P',
  'negative sequence': 'N',
  'zero sequence': 'Z',
}

/** At most 128 characters, and none that ends a field or a line. */
export const field = (text: string, most = 128): string =>
  text
    .replaceAll(/[,\s\p{C}]+/gu, ' ')
    .trim()
    .slice(0, most)

export const stationOf = ({ stn, idcode }: PmuConfiguration): string => field(stn, 64) || `PMU ${idcode}`

const hex = (bit: number): string => bit.toString(16).toUpperCase()

/** Stations of one name, or bits of one label, are told apart by a number. */
function uniqueNames(): (name: string) => string {
  const taken = new Set<string>()
  return (name) => {
    let unique = name
    for (let number = 2; taken.has(unique); number++) unique = `${name} (${number})`
    taken.add(unique)
    return unique
  }
}
