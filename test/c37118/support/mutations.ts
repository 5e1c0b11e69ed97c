/** Frames made wrong in the ways that wires, devices and enemies make them wrong. Deterministic by seed. */
import { checksum } from '../../../src/c37118/index.ts'

/** Uniform in [0, below). */
export type Random = (below: number) => number

/** mulberry32: small, fast, good enough to choose places. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

const remarkable = [0x00, 0x01, 0x7f, 0x80, 0xaa, 0xff] as const

type Mutation = (frame: Uint8Array, random: Random, others: readonly Uint8Array[]) => Uint8Array

const flipBits: Mutation = (frame, random) => {
  for (let times = 1 + random(8); times > 0; times--) {
    const at = random(frame.length)
    frame[at] = frame[at]! ^ (1 << random(8))
  }
  return frame
}

const setBytes: Mutation = (frame, random) => {
  for (let times = 1 + random(4); times > 0; times--) {
    frame[random(frame.length)] = random(2) ? remarkable[random(remarkable.length)]! : random(256)
  }
  return frame
}

/** Counts, FORMAT and the like stand early in a configuration. */
const setEarly: Mutation = (frame, random) => {
  frame[Math.min(14 + random(40), frame.length - 1)] = random(2) ? random(4) : random(256)
  return frame
}

const cutOff: Mutation = (frame, random) => frame.slice(0, random(frame.length + 1))

const extend: Mutation = (frame, random) => {
  const longer = new Uint8Array(frame.length + 1 + random(40))
  longer.set(frame)
  return longer
}

const takeOut: Mutation = (frame, random) => {
  const at = random(frame.length)
  const after = Math.min(frame.length, at + 1 + random(32))
  const shorter = new Uint8Array(frame.length - (after - at))
  shorter.set(frame.subarray(0, at))
  shorter.set(frame.subarray(after), at)
  return shorter
}

const splice: Mutation = (frame, random, others) => {
  const other = others[random(others.length)]!
  const from = random(other.length)
  const part = other.subarray(from, from + random(64))
  const at = random(frame.length)
  frame.set(part.subarray(0, frame.length - at), at)
  return frame
}

const anotherType: Mutation = (frame, random) => {
  if (frame.length > 1) frame[1] = random(3) ? (random(8) << 4) | random(4) : random(256)
  return frame
}

const mutations = [
  flipBits,
  flipBits,
  setBytes,
  setBytes,
  setEarly,
  setEarly,
  cutOff,
  extend,
  takeOut,
  splice,
  anotherType,
]

/** A changed copy of `frame`. Two of three have FRAMESIZE and CHK made right again, so that they get further. */
export function mutate(frame: Uint8Array, random: Random, others: readonly Uint8Array[]): Uint8Array {
  let changed: Uint8Array = Uint8Array.from(frame)
  for (let times = 1 + random(3); times > 0 && changed.length > 0; times--) {
    changed = mutations[random(mutations.length)]!(changed, random, others)
  }
  return random(3) > 0 ? reseal(changed) : changed
}

function reseal(frame: Uint8Array): Uint8Array {
  if (frame.length < 16) return frame
  frame[2] = frame.length >> 8
  frame[3] = frame.length
  const end = frame.length - 2
  const crc = checksum(frame, 0, end)
  frame[end] = crc >> 8
  frame[end + 1] = crc
  return frame
}
