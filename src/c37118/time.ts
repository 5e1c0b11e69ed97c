import type { FrameTime } from './frame.ts'

const MICROSECONDS = 1_000_000

/** Seconds since the UNIX epoch. `timeBase` is that of the configuration; a TIME_BASE of 0 leaves whole seconds. */
export function timestampOf({ soc, fraction }: FrameTime, timeBase: number): number {
  return timeBase > 0 ? soc + fraction / timeBase : soc
}

/** The same in whole microseconds, exact in a number until the year 2106 and beyond. */
export function microsecondsOf({ soc, fraction }: FrameTime, timeBase: number): number {
  return soc * MICROSECONDS + (timeBase > 0 ? Math.round((fraction / timeBase) * MICROSECONDS) : 0)
}

/** SOC and FRACSEC of a time in microseconds since the UNIX epoch, to the nearest fraction. */
export function frameTimeOf(microseconds: number, timeBase: number): FrameTime {
  const soc = Math.floor(microseconds / MICROSECONDS)
  const fraction = Math.round(((microseconds - soc * MICROSECONDS) / MICROSECONDS) * timeBase)
  return fraction < timeBase || timeBase === 0 ? { soc, fraction } : { soc: soc + 1, fraction: 0 }
}

/** What DATA_RATE says, in frames per second: negative is seconds per frame. 0 if it says nothing. */
export function framesPerSecond(dataRate: number): number {
  if (dataRate === 0) return 0
  return dataRate > 0 ? dataRate : -1 / dataRate
}

/** DATA_RATE of a rate: the nearest that can be written. */
export function dataRateOf(framesPerSecond: number): number {
  if (framesPerSecond <= 0) return 0
  return framesPerSecond >= 1 ? Math.round(framesPerSecond) : -Math.round(1 / framesPerSecond)
}
