import type { GridSource } from '../../src/streams/index.ts'

/** Microseconds of the `index`-th slot after the second `soc`; `index` may have a fraction. */
export function usOf({ dataRate }: GridSource, soc: number, index: number): number {
  return soc * 1_000_000 + Math.round(index * (dataRate > 0 ? 1_000_000 / dataRate : -dataRate * 1_000_000))
}

/** As much of a data frame as a ledger looks at: header and a word of content. */
export function frameAt(grid: GridSource, soc: number, index: number, content = 0, timeQuality = 0): Uint8Array {
  const us = usOf(grid, soc, index)
  const second = Math.floor(us / 1_000_000)
  const frame = new Uint8Array(20)
  const view = new DataView(frame.buffer)
  view.setUint16(0, 0xaa01)
  view.setUint16(2, frame.length)
  view.setUint16(4, 765)
  view.setUint32(6, second)
  const fraction = Math.round(((us - second * 1_000_000) / 1_000_000) * grid.timeBase)
  view.setUint32(10, ((timeQuality << 24) | fraction) >>> 0)
  view.setUint32(14, content)
  return frame
}
