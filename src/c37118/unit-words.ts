/**
 * Unit words of CFG-1 and CFG-2 (PHUNIT, ANUNIT) and scales of CFG-3 (PHSCALE,
 * ANSCALE): bytes to the fields of a channel and back.
 *
 * Each pair is written so that kept bytes are used only while they still
 * decode to the same fields.
 */
import { checkInteger } from './byte-writer.ts'
import { type AnalogChannel, type PhasorChannel, type PhasorComponent, phasorComponents } from './configuration.ts'
import { FrameError } from './frame-error.ts'
import { sameBytes } from './names.ts'

/** One kind of unit: `Fields` is what it says of a channel of type `Channel`. */
export interface UnitForm<Channel, Fields extends Partial<Channel>> {
  readonly size: number
  decode(bytes: Uint8Array): Fields
  /** The canonical bytes. */
  encode(channel: Channel): Uint8Array
}

/** The fields that `bytes` say, and the bytes themselves where those fields would be written otherwise. */
export function readUnit<C extends { readonly unitBytes?: Uint8Array }, F extends Partial<C>>(
  form: UnitForm<C, F>,
  bytes: Uint8Array,
  rest: Omit<C, keyof F>,
): C {
  const channel = { ...rest, ...form.decode(bytes) } as unknown as C
  return sameBytes(form.encode(channel), bytes) ? channel : { ...channel, unitBytes: bytes }
}

/** The bytes of a channel's unit. */
export function writeUnit<C extends { readonly unitBytes?: Uint8Array }, F extends Partial<C>>(
  form: UnitForm<C, F>,
  channel: C,
): Uint8Array {
  const kept = channel.unitBytes
  if (kept?.length === form.size) {
    const fields = form.decode(kept)
    const stillSo = Object.entries(fields).every(([name, value]) => Object.is(value, channel[name as keyof C]))
    if (stillSo) return kept
  }
  return form.encode(channel)
}

/*
  PHUNIT => type(8): 0 voltage, 1 current | factor(24), 1e-5 V or A per count
*/
export const phunit: UnitForm<PhasorChannel, Pick<PhasorChannel, 'kind'> & { phunit: number }> = {
  size: 4,
  decode: (bytes) => ({ kind: bytes[0] === 0 ? 'voltage' : 'current', phunit: uint24(bytes) }),
  encode({ kind, phunit, scale }) {
    const factor = phunit ?? (scale === undefined ? 1 : Math.min(Math.max(Math.round(scale * 1e5), 1), 0xffffff))
    return word24(kind === 'voltage' ? 0 : 1, checkInteger(factor, 'PHUNIT', 0, 0xffffff))
  },
}

/*
  ANUNIT => type(8): 0 point-on-wave, 1 rms, 2 peak, 65 to 255 user | scaling(24), signed
*/
export const anunit: UnitForm<AnalogChannel, { type: number; scale: number }> = {
  size: 4,
  decode: (bytes) => ({ type: bytes[0]!, scale: (uint24(bytes) << 8) >> 8 }),
  encode: ({ type = 0, scale = 0 }) =>
    word24(checkInteger(type, 'ANUNIT type', 0, 0xff), checkInteger(scale, 'ANUNIT', -0x800000, 0x7fffff)),
}

type PhscaleFields = Pick<PhasorChannel, 'kind'> & {
  scale: number
  angleOffset: number
  component: PhasorComponent
  modification: number
  userByte: number
}

const CURRENT = 0b1000
const COMPONENT = 0b111

/*
  PHSCALE => FLAGS KIND USER SCALE OFFSET
    FLAGS  => UINT16   modifications
    KIND   => UINT8    bit 3: 0 voltage, 1 current; bits 2 to 0: component; bits 7 to 4 reserved
    USER   => UINT8
    SCALE  => FLOAT32  V or A per count
    OFFSET => FLOAT32  radians, subtracted from the angle
*/
export const phscale: UnitForm<PhasorChannel, PhscaleFields> = {
  size: 12,
  decode(bytes) {
    const view = viewOf(bytes)
    const kind = view.getUint8(2)
    return {
      kind: kind & CURRENT ? 'current' : 'voltage',
      scale: view.getFloat32(4),
      angleOffset: view.getFloat32(8),
      component: phasorComponents[kind & COMPONENT]!,
      modification: view.getUint16(0),
      userByte: view.getUint8(3),
    }
  },
  encode({ kind, phunit, scale, angleOffset = 0, component = 'unspecified', modification = 0, userByte = 0 }) {
    const code = phasorComponents.indexOf(component)
    if (code < 0) {
      throw new FrameError({ code: 'FIELD_BAD_TEXT', field: 'component', value: component }, 'PHSCALE has no such one')
    }
    const view = new DataView(new ArrayBuffer(12))
    view.setUint16(0, checkInteger(modification, 'modification', 0, 0xffff))
    view.setUint8(2, (kind === 'current' ? CURRENT : 0) | code)
    view.setUint8(3, checkInteger(userByte, 'PHSCALE user byte', 0, 0xff))
    view.setFloat32(4, scale ?? (phunit === undefined ? 1 : phunit / 1e5))
    view.setFloat32(8, angleOffset)
    return new Uint8Array(view.buffer)
  },
}

/*
  ANSCALE => M(FLOAT32) B(FLOAT32)   value = M x raw + B
*/
export const anscale: UnitForm<AnalogChannel, { magnitude: number; offset: number }> = {
  size: 8,
  decode(bytes) {
    const view = viewOf(bytes)
    return { magnitude: view.getFloat32(0), offset: view.getFloat32(4) }
  },
  encode({ scale = 0, magnitude = scale === 0 ? 1 : scale, offset = 0 }) {
    return floats(magnitude, offset)
  },
}

/** Big-endian float32 values, one after another. */
export function floats(...values: readonly number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(4 * values.length))
  values.forEach((value, at) => {
    view.setFloat32(4 * at, value)
  })
  return new Uint8Array(view.buffer)
}

export const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

const uint24 = (bytes: Uint8Array): number => (bytes[1]! << 16) | (bytes[2]! << 8) | bytes[3]!

const word24 = (type: number, value: number): Uint8Array => Uint8Array.of(type, value >> 16, value >> 8, value)
