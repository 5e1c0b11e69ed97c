import type { Configuration } from './configuration.ts'
import { type DataLayout, layoutOf } from './data-layout.ts'
import type { FrameVersion } from './frame.ts'

/**
 * The numbers of one data frame in columns that are made once and filled again
 * and again. PMUs, and the channels of each, follow each other as in the
 * configuration.
 */
export interface DataColumns {
  version: FrameVersion
  idcode: number
  soc: number
  fraction: number
  timeQuality: number
  /** Every number of the frame in wire order, STAT and digital words too: the bits, as uint16 or as uint32 of a float. */
  readonly raw: Uint32Array
  /** The same memory as `raw`, read as float32: right where the wire has a float. */
  readonly rawFloats: Float32Array
  /** Per PMU. */
  readonly stat: Uint16Array
  /**
   * Two per phasor: real and imaginary part where FORMAT says rectangular,
   * magnitude and angle (radians, as sent: not normalised) where it says polar.
   * V or A; NaN where the source marks it absent.
   */
  readonly phasors: Float64Array
  /** Hz, per PMU. NaN where absent. */
  readonly freq: Float64Array
  /** Hz/s, per PMU. NaN where absent. */
  readonly dfreq: Float64Array
  /** NaN where absent. */
  readonly analogs: Float64Array
  readonly digitals: Uint16Array
}

/** Columns for the data of a configuration, all zero. */
export function createColumns(configuration: Configuration): DataColumns {
  return columnsOf(layoutOf(configuration))
}

export function columnsOf(layout: DataLayout): DataColumns {
  const raw = new Uint32Array(layout.words)
  return {
    version: 1,
    idcode: 0,
    soc: 0,
    fraction: 0,
    timeQuality: 0,
    raw,
    rawFloats: new Float32Array(raw.buffer),
    stat: new Uint16Array(layout.pmus.length),
    phasors: new Float64Array(2 * layout.phasors),
    freq: new Float64Array(layout.pmus.length),
    dfreq: new Float64Array(layout.pmus.length),
    analogs: new Float64Array(layout.analogs),
    digitals: new Uint16Array(layout.digitals),
  }
}
