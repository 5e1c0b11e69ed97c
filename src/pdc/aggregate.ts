/** What a PDC says of its own stream: the configuration of an aggregate, in the frames that tell it. */
import {
  type Configuration,
  type ConfigurationType,
  dataFrameSize,
  encodeConfiguration,
  encodeHeader,
  type FrameTime,
  FrameType,
  MAX_FRAME_SIZE,
  type PmuConfiguration,
} from '../c37118/index.ts'
import { PdcError } from './pdc-error.ts'

export interface AggregateSettings {
  readonly idcode: number
  /** DATA_RATE: frames per second if positive, seconds per frame if negative. */
  readonly dataRate: number
  readonly timeBase: number
  /** Text of the HEADER frame. */
  readonly header: string
}

export interface Aggregate {
  /** That which describes the data: a CFG-2, or a CFG-3 where CFG-2 cannot hold it. */
  readonly configuration: Configuration
  readonly inForce: readonly Uint8Array[]
  /** Absent where it cannot hold the configuration. */
  readonly config1: readonly Uint8Array[] | undefined
  readonly config3: readonly Uint8Array[]
  readonly header: Uint8Array
}

/** Throws PdcError where no data frame could hold the PMUs. */
export function aggregateOf(
  pmus: readonly PmuConfiguration[],
  { idcode, dataRate, timeBase, header }: AggregateSettings,
  time: FrameTime,
): Aggregate {
  const short = pmus.map(shortNamed)
  const fields = { version: 2, idcode, ...time, timeQuality: 0 } as const
  const as = (type: ConfigurationType): Configuration => ({
    ...fields,
    type,
    timeBase,
    timeBaseFlags: 0,
    dataRate,
    pmus: type === FrameType.config3 ? pmus : short,
  })
  const config2 = as(FrameType.config2)
  const size = dataFrameSize(config2)
  if (size > MAX_FRAME_SIZE) {
    throw new PdcError(
      { code: 'PDC_DATA_FRAME_TOO_LARGE', size, limit: MAX_FRAME_SIZE, pmus: pmus.length },
      `a data frame of ${pmus.length} PMUs would take ${size} bytes, a frame has ${MAX_FRAME_SIZE} at most: give the PDC several outputs, each with a part of the PMUs or channels`,
    )
  }
  const isLarge = configurationSize(pmus) > MAX_FRAME_SIZE
  const configuration = isLarge ? as(FrameType.config3) : config2
  const config3 = encodeConfiguration(as(FrameType.config3))
  return {
    configuration,
    inForce: isLarge ? config3 : encodeConfiguration(config2),
    config1: isLarge ? undefined : encodeConfiguration(as(FrameType.config1)),
    config3,
    header: encodeHeader({ ...fields, text: header }),
  }
}

/** Bytes of the CFG-2 of these PMUs (C37.118.2-2011, table 9), whether or not a frame can have as many. */
export function configurationSize(pmus: readonly PmuConfiguration[]): number {
  let size = FIXED_BYTES
  for (const { phasors, analogs, digitals } of pmus) {
    size += BLOCK_BYTES + CHANNEL_BYTES * (phasors.length + analogs.length) + WORD_BYTES * digitals.length
  }
  return size
}

/** Header, TIME_BASE, NUM_PMU, DATA_RATE, CHK. */
const FIXED_BYTES = 14 + 4 + 2 + 2 + 2
/** STN, IDCODE, FORMAT, PHNMR, ANNMR, DGNMR, FNOM, CFGCNT. */
const BLOCK_BYTES = 16 + 7 * 2
/** CHNAM, PHUNIT or ANUNIT. */
const CHANNEL_BYTES = 16 + 4
/** 16 labels, DIGUNIT. */
const WORD_BYTES = 16 * 16 + 4

/** CFG-1 and CFG-2 have 16 bytes for a name, CFG-3 has 255. */
function shortNamed(pmu: PmuConfiguration): PmuConfiguration {
  return {
    ...pmu,
    stn: shortened(pmu.stn),
    phasors: pmu.phasors.map((channel) => ({ ...channel, name: shortened(channel.name) })),
    analogs: pmu.analogs.map((channel) => ({ ...channel, name: shortened(channel.name) })),
    digitals: pmu.digitals.map((word) => ({ ...word, labels: word.labels.map(shortened) })),
  }
}

const NAME_BYTES = 16

/** As many whole characters as fit. */
function shortened(name: string): string {
  let short = name
  while (Buffer.byteLength(short) > NAME_BYTES) short = [...short].slice(0, -1).join('')
  return short
}
