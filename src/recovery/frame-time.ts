import { fractionOf, socOf } from '../c37118/index.ts'

const MICROSECONDS = 1_000_000

/** SOC and FRACSEC of a frame in whole µs since the UNIX epoch; as `microsecondsOf`, without an object for it. */
export function timeUsOf(frame: Uint8Array, timeBase: number): number {
  const fractionUs = timeBase > 0 ? Math.round((fractionOf(frame) / timeBase) * MICROSECONDS) : 0
  return socOf(frame) * MICROSECONDS + fractionUs
}
