/** Phasors as 16-bit integers. Those sent as floats are in V and A already. */
import { ABSENT_WORD, fromInt16, fromUint16, toInt16 } from './absent.ts'
import type { ChannelCodec } from './channel-codec.ts'
import type { Configuration, PhasorChannel } from './configuration.ts'

/** V or A = counts × `numerator` / `denominator`: exact for PHUNIT, whose unit 1e-5 no float holds. */
export interface PhasorScale {
  readonly numerator: number
  readonly denominator: number
  /** Radians to subtract. */
  readonly offset: number
  readonly cos: number
  readonly sin: number
}

/** What a count of a 16-bit phasor is. */
export function phasorScaleOf({ phunit, scale, angleOffset }: PhasorChannel, type: Configuration['type']): PhasorScale {
  const fromScale = { numerator: scale ?? 1, denominator: 1 }
  const fromPhunit = { numerator: phunit ?? 1, denominator: 1e5 }
  const preferred =
    type === 5 ? scale !== undefined || phunit === undefined : phunit === undefined && scale !== undefined
  const offset = type === 5 ? (angleOffset ?? 0) : 0
  return { ...(preferred ? fromScale : fromPhunit), offset, cos: Math.cos(offset), sin: Math.sin(offset) }
}

type Scales = readonly PhasorScale[]

/** Angles of polar integers count 1e-4 radians. */
const ANGLE_UNIT = 1e4

/** int16 real, int16 imaginary. Absent if both are -32768. */
export function rectangularCodec(scales: Scales, index: number, word: number): ChannelCodec {
  const rotated = scales.some(({ offset }) => offset !== 0)
  const re = (scale: PhasorScale, x: number, y: number): number =>
    ((rotated && scale.offset !== 0 ? x * scale.cos + y * scale.sin : x) * scale.numerator) / scale.denominator
  const im = (scale: PhasorScale, x: number, y: number): number =>
    ((rotated && scale.offset !== 0 ? y * scale.cos - x * scale.sin : y) * scale.numerator) / scale.denominator

  return {
    toPhysical({ raw, phasors }) {
      for (let at = 0; at < scales.length; at++) {
        const scale = scales[at]!
        const a = raw[word + 2 * at]!
        const b = raw[word + 2 * at + 1]!
        const absent = a === ABSENT_WORD && b === ABSENT_WORD
        phasors[index + 2 * at] = absent ? Number.NaN : re(scale, toInt16(a), toInt16(b))
        phasors[index + 2 * at + 1] = absent ? Number.NaN : im(scale, toInt16(a), toInt16(b))
      }
    },
    toRaw({ raw, phasors }) {
      for (let at = 0; at < scales.length; at++) {
        const scale = scales[at]!
        const first = word + 2 * at
        const second = first + 1
        const a = raw[first]!
        const b = raw[second]!
        const x = phasors[index + 2 * at]!
        const y = phasors[index + 2 * at + 1]!
        const absent = a === ABSENT_WORD && b === ABSENT_WORD
        const sameRe = Object.is(absent ? Number.NaN : re(scale, toInt16(a), toInt16(b)), x)
        const sameIm = Object.is(absent ? Number.NaN : im(scale, toInt16(a), toInt16(b)), y)
        if (sameRe && sameIm) continue
        if (Number.isNaN(x) || Number.isNaN(y)) {
          raw[first] = ABSENT_WORD
          raw[second] = ABSENT_WORD
        } else {
          const counts = scale.denominator / scale.numerator
          raw[first] = fromInt16((x * scale.cos - y * scale.sin) * counts)
          raw[second] = fromInt16((y * scale.cos + x * scale.sin) * counts)
        }
      }
    },
  }
}

/** uint16 magnitude, int16 angle. Absent if the angle is -32768. */
export function polarCodec(scales: Scales, index: number, word: number): ChannelCodec {
  const magnitude = (scale: PhasorScale, m: number): number => (m * scale.numerator) / scale.denominator
  const angle = (scale: PhasorScale, a: number): number => toInt16(a) / ANGLE_UNIT - scale.offset

  return {
    toPhysical({ raw, phasors }) {
      for (let at = 0; at < scales.length; at++) {
        const scale = scales[at]!
        const m = raw[word + 2 * at]!
        const a = raw[word + 2 * at + 1]!
        phasors[index + 2 * at] = a === ABSENT_WORD ? Number.NaN : magnitude(scale, m)
        phasors[index + 2 * at + 1] = a === ABSENT_WORD ? Number.NaN : angle(scale, a)
      }
    },
    toRaw({ raw, phasors }) {
      for (let at = 0; at < scales.length; at++) {
        const scale = scales[at]!
        const first = word + 2 * at
        const second = first + 1
        const value = phasors[index + 2 * at]!
        const radians = phasors[index + 2 * at + 1]!
        const absent = raw[second] === ABSENT_WORD
        if (Number.isNaN(value) || Number.isNaN(radians)) {
          // An absent phasor keeps the magnitude that came with it: any will do.
          if (absent) continue
          if (Object.is(magnitude(scale, raw[first]!), value) && Object.is(angle(scale, raw[second]!), radians))
            continue
          raw[first] = 0
          raw[second] = ABSENT_WORD
          continue
        }
        if (absent || !Object.is(magnitude(scale, raw[first]!), value)) {
          raw[first] = fromUint16((value * scale.denominator) / scale.numerator)
        }
        if (absent || !Object.is(angle(scale, raw[second]!), radians)) {
          raw[second] = fromInt16(normalise(radians + scale.offset) * ANGLE_UNIT)
        }
      }
    },
  }
}

/** The same angle within ±π, where it is not. */
export function normalise(radians: number): number {
  if (radians >= -Math.PI && radians <= Math.PI) return radians
  const rest = radians % (2 * Math.PI)
  if (rest > Math.PI) return rest - 2 * Math.PI
  return rest < -Math.PI ? rest + 2 * Math.PI : rest
}
