import { type Configuration, decodeConfiguration, fractionOf, framesPerSecond, socOf } from '../c37118/index.ts'
import { joinFrames } from '../streams/index.ts'

/** A configuration in force, and what of it the times of frames follow from. */
export interface Epoch {
  /** As received: a CFG-2, or all fragments of a CFG-3. Copies. */
  readonly fragments: readonly Uint8Array[]
  /** The same, back to back. */
  readonly bytes: Uint8Array
  readonly timeBase: number
  /** Reporting period in µs; undefined where DATA_RATE says nothing. */
  readonly periodUs: number | undefined
}

/** Throws a FrameError where the fragments are no configuration. */
export function epochOf(fragments: readonly Uint8Array[]): Epoch {
  const { timeBase, dataRate }: Configuration = decodeConfiguration(fragments)
  const rate = framesPerSecond(dataRate)
  return {
    fragments: fragments.map((fragment) => new Uint8Array(fragment)),
    bytes: joinFrames(fragments),
    timeBase,
    periodUs: rate > 0 ? 1e6 / rate : undefined,
  }
}

/** As `microsecondsOf`, without the object in between: it is asked for every frame. */
export function frameUs(frame: Uint8Array, timeBase: number): number {
  return socOf(frame) * 1e6 + (timeBase > 0 ? Math.round((fractionOf(frame) / timeBase) * 1e6) : 0)
}
