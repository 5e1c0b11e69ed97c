import type { WordRun } from './data-layout.ts'

/** Cuts a data frame into its words. */
export function unpackWords(frame: Uint8Array, runs: readonly WordRun[], raw: Uint32Array): void {
  for (let at = 0; at < runs.length; at++) {
    const { size, count, offset, word } = runs[at]!
    const end = word + count
    let from = offset
    if (size === 2) {
      for (let to = word; to < end; to++, from += 2) raw[to] = (frame[from]! << 8) | frame[from + 1]!
    } else {
      for (let to = word; to < end; to++, from += 4) {
        raw[to] = (frame[from]! << 24) | (frame[from + 1]! << 16) | (frame[from + 2]! << 8) | frame[from + 3]!
      }
    }
  }
}

/** Writes the words of a data frame: the reverse of {@link unpackWords}. */
export function packWords(raw: Uint32Array, runs: readonly WordRun[], frame: Uint8Array): void {
  for (let at = 0; at < runs.length; at++) {
    const { size, count, offset, word } = runs[at]!
    const end = word + count
    let to = offset
    if (size === 2) {
      for (let from = word; from < end; from++, to += 2) {
        frame[to] = raw[from]! >>> 8
        frame[to + 1] = raw[from]!
      }
    } else {
      for (let from = word; from < end; from++, to += 4) {
        const bits = raw[from]!
        frame[to] = bits >>> 24
        frame[to + 1] = bits >>> 16
        frame[to + 2] = bits >>> 8
        frame[to + 3] = bits
      }
    }
  }
}
