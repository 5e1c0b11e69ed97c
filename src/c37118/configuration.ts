import type { FrameTime, FrameVersion } from './frame.ts'

/** FrameType of a configuration: CFG-1 (2), CFG-2 (3) or CFG-3 (5). */
export type ConfigurationType = 2 | 3 | 5

/**
 * What a source sends, as its CFG-1, CFG-2 or CFG-3 says.
 *
 * One shape for all three, so that `{ ...configuration, type: 5 }` is the same
 * source described by a CFG-3; what only one of them carries is optional, and
 * has a default that says nothing.
 *
 * Fields whose name ends in `Bytes` hold what the wire had where the values
 * beside them would not be written the same (foreign filling of a name,
 * reserved bits, the payload of a NaN). They count only as long as they still
 * say what those values say: edit a value and it wins.
 */
export interface Configuration extends FrameTime {
  readonly type: ConfigurationType
  readonly version: FrameVersion
  /** Of the stream: a PMU's or a PDC's. */
  readonly idcode: number
  readonly timeQuality: number
  /** Fractions of a second that FRACSEC counts, 24 bits. */
  readonly timeBase: number
  /** The upper byte of TIME_BASE: reserved. */
  readonly timeBaseFlags: number
  readonly pmus: readonly PmuConfiguration[]
  /** DATA_RATE as on the wire: frames per second if positive, seconds per frame if negative. See {@link framesPerSecond}. */
  readonly dataRate: number
  /** CFG-3 only: how it was cut into fragments, where this library would do it otherwise. */
  readonly fragmentation?: Fragmentation
}

/** FORMAT: how the data of one PMU are written. */
export interface Format {
  /** Phasors as magnitude and angle, otherwise as real and imaginary part. */
  readonly polar: boolean
  readonly phasors: NumberFormat
  readonly analogs: NumberFormat
  /** FREQ and DFREQ. */
  readonly freq: NumberFormat
  /** Bits 15 to 4, in place, where any is set. */
  readonly reserved?: number
}

export type NumberFormat = 'int16' | 'float32'

export interface PmuConfiguration {
  /** Station name. */
  readonly stn: string
  readonly stnBytes?: Uint8Array
  readonly idcode: number
  readonly format: Format
  readonly phasors: readonly PhasorChannel[]
  readonly analogs: readonly AnalogChannel[]
  readonly digitals: readonly DigitalWord[]
  /** Nominal frequency in Hz. */
  readonly fnom: 50 | 60
  /** Bits 15 to 1 of FNOM, in place, where any is set. */
  readonly fnomReserved?: number
  /** Counts changes of the configuration, and wraps. */
  readonly cfgcnt: number

  /** CFG-3: G_PMU_ID, a UUID. All zero if left out. */
  readonly gPmuId?: string
  /** CFG-3: degrees, WGS-84. Infinity if it is not said. */
  readonly latitude?: number
  readonly longitude?: number
  /** CFG-3: metres above mean sea level. Infinity if it is not said. */
  readonly elevation?: number
  readonly locationBytes?: Uint8Array
  /** CFG-3: SVC_CLASS, `M` (measurement) or `P` (protection), or whatever character the wire has. `M` if left out. */
  readonly serviceClass?: string
  /** CFG-3: length of the measurement window in µs. */
  readonly windowUs?: number
  /** CFG-3: delay of filter and window in µs. */
  readonly groupDelayUs?: number
}

export interface PhasorChannel {
  /** CHNAM. */
  readonly name: string
  readonly nameBytes?: Uint8Array
  readonly kind: 'voltage' | 'current'
  /** CFG-1, CFG-2: PHUNIT, 1e-5 V or A per count, 24 bits. Of int16 phasors only. From `scale`, or 1, if left out. */
  readonly phunit?: number
  /** CFG-3: V or A per count of int16 phasors. From `phunit`, or 1, if left out. */
  readonly scale?: number
  /** CFG-3: radians that are subtracted from the angle of int16 phasors. */
  readonly angleOffset?: number
  /** CFG-3. `unspecified` stands for the code that the standard reserves, 7. */
  readonly component?: PhasorComponent
  /** CFG-3: modification flags, 16 bits. See {@link describePhasorModification}. */
  readonly modification?: number
  /** CFG-3: the byte for the user. */
  readonly userByte?: number
  /** PHUNIT or PHSCALE. */
  readonly unitBytes?: Uint8Array
}

/** In the order of their codes. */
export const phasorComponents = [
  'zero sequence',
  'positive sequence',
  'negative sequence',
  'reserved',
  'phase A',
  'phase B',
  'phase C',
  'unspecified',
] as const
export type PhasorComponent = (typeof phasorComponents)[number]

export interface AnalogChannel {
  readonly name: string
  readonly nameBytes?: Uint8Array
  /** CFG-1, CFG-2: 0 single point-on-wave, 1 rms, 2 peak, 65 to 255 user-defined. See {@link describeAnalogType}. */
  readonly type?: number
  /** CFG-1, CFG-2: scaling of int16 values, signed, 24 bits. Its meaning is the user's; 0 is read as "none". */
  readonly scale?: number
  /** CFG-3: value = magnitude × raw + offset, of int16 values. */
  readonly magnitude?: number
  readonly offset?: number
  /** ANUNIT or ANSCALE. */
  readonly unitBytes?: Uint8Array
}

export interface DigitalWord {
  /** 16 names; the first is that of bit 0. */
  readonly labels: readonly string[]
  /** By index of the label. */
  readonly labelBytes?: Readonly<Record<number, Uint8Array>>
  /** Normal state of each bit. */
  readonly normal: number
  /** Which bits are in use. */
  readonly valid: number
}

/** How a CFG-3 was cut, and where CHK stands: at the end of each fragment, or of the whole. */
export interface Fragmentation {
  readonly checksums: 'each' | 'whole'
  /** Header and CONT_IDX of each fragment, as received. */
  readonly headers: readonly Uint8Array[]
}
