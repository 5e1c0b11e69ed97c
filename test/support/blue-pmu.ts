/**
 * The PMU of `C37.118_1PMU_TCP.pcap`: IDCODE 241, 50 frames/s, four float
 * phasors. The first frames are the capture's own bytes; the others are made
 * from them.
 */
import { stampFrame } from '../../src/c37118/index.ts'

export const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(/\s/g, ''), 'hex'))

export const IDCODE = 241
export const TIME_BASE = 16_777_215
const STAT_OFFSET = 14
const CFGCNT_FROM_END = 6

/** CFG-2, 134 bytes. */
export const config2 = hex(`
  aa31008600f14893344a0019999a00ffffff0001426c756520504d55202020202020202000f1000600040000000056314c504d20202020202020
  2020202056414c504d202020202020202020202056424c504d202020202020202020202056434c504d20202020202020202020200000000100
  0000010000000100000001000100590032c1e2`)

/** DATA, 54 bytes, STAT 0x0800. */
export const dataFrame = hex(`
  aa01003600f14893344a001eb852080042f68f24c7c36623430188cbc7c36332c7a956764742fe4b47a91cdd4743d1440000000047ef`)

/** HEADER without text, of c37_1100_clean_tcp.pcap, given our IDCODE. */
export const header = restamped(hex('aa11001000015975 89330f04611f 5105'), 0, 0)

/** The data frame number `n` of the stream, 20 ms after the one before. */
export function dataAt(n: number, { stat }: { stat?: number } = {}): Uint8Array {
  const frame = new Uint8Array(dataFrame)
  if (stat !== undefined) new DataView(frame.buffer).setUint16(STAT_OFFSET, stat)
  stampFrame(frame, { soc: 1_217_606_730 + Math.floor(n / 50), fraction: Math.round(((n % 50) / 50) * TIME_BASE) })
  return frame
}

export const dataFrames = (count: number, from = 0): Uint8Array[] =>
  Array.from({ length: count }, (_, n) => dataAt(from + n))

/** The same configuration with another CFGCNT. */
export function config2Of(cfgcnt: number): Uint8Array {
  const frame = new Uint8Array(config2)
  new DataView(frame.buffer).setUint16(frame.length - CFGCNT_FROM_END, cfgcnt)
  return restamped(frame, 1_217_606_800, 0)
}

/** A PMU that changed: the last phasor is gone. Its data frames are 46 bytes. */
export const smallerConfig2 = ((): Uint8Array => {
  const names = 14 + 4 + 2 + 16 + 2 + 2 + 6
  const units = names + 4 * 16
  const cut = new Uint8Array([
    ...config2.subarray(0, names + 3 * 16),
    ...config2.subarray(units, units + 3 * 4),
    ...config2.subarray(units + 4 * 4),
  ])
  const view = new DataView(cut.buffer)
  view.setUint16(2, cut.length)
  view.setUint16(names - 6, 3)
  view.setUint16(cut.length - CFGCNT_FROM_END, 90)
  return restamped(cut, 1_217_606_900, 0)
})()

export function smallerDataAt(n: number): Uint8Array {
  const whole = dataAt(n)
  const cut = new Uint8Array([...whole.subarray(0, 16 + 3 * 8), ...whole.subarray(16 + 4 * 8)])
  new DataView(cut.buffer).setUint16(2, cut.length)
  return restamped(cut, new DataView(cut.buffer).getUint32(6), new DataView(cut.buffer).getUint32(10) & 0xffffff)
}

/** The same frame as CFG-1 (SYNC type 2). */
export function asConfig1(frame: Uint8Array): Uint8Array {
  const copy = new Uint8Array(frame)
  copy[1] = (copy[1]! & 0x0f) | 0x20
  return restamped(copy, new DataView(copy.buffer).getUint32(6), 0)
}

/** The same frame of another stream. */
export function ofIdcode(frame: Uint8Array, idcode: number): Uint8Array {
  const copy = new Uint8Array(frame)
  const view = new DataView(copy.buffer)
  stampFrame(copy, { soc: view.getUint32(6), fraction: view.getUint32(10) & 0xffffff, idcode })
  return copy
}

function restamped(frame: Uint8Array, soc: number, fraction: number): Uint8Array {
  stampFrame(frame, { soc, fraction, idcode: IDCODE })
  return frame
}
