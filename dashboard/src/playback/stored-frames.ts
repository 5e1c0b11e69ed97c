/** Frames as the historian gives them: each configuration before the data that it describes. */
import {
  type Configuration,
  ConfigurationAssembler,
  decodeConfiguration,
  FrameSplitter,
  FrameType,
  fractionOf,
  frameTypeOf,
  microsecondsOf,
  sameConfiguration,
  socOf,
} from '../../../src/c37118/index.ts'

/** A configuration, as it came and as it is read. The same object as long as it is the same. */
export interface Described {
  readonly fragments: readonly Uint8Array[]
  readonly configuration: Configuration
}

/** A data frame, with what it is read by. */
export interface TimedFrame {
  readonly timeUs: number
  readonly frame: Uint8Array
  readonly by: Described
}

/** Puts bytes together to data frames. Bytes that are none are passed over. */
export class StoredFrames {
  readonly #splitter = new FrameSplitter()
  readonly #assembler = new ConfigurationAssembler()
  #by: Described | undefined

  /** `known`: of what came before, so that the same one is not taken for a new one. */
  constructor(known: Described | undefined) {
    this.#by = known
  }

  push(bytes: Uint8Array, onFrame: (frame: TimedFrame) => void): void {
    this.#splitter.push(bytes, (frame) => {
      const by = this.#by
      if (frameTypeOf(frame) !== FrameType.data) this.#configure(frame)
      else if (by) {
        const time = { soc: socOf(frame), fraction: fractionOf(frame) }
        onFrame({ timeUs: microsecondsOf(time, by.configuration.timeBase), frame, by })
      }
    })
  }

  #configure(frame: Uint8Array): void {
    const fragments = this.#assembler.push(frame)
    if (!fragments || (this.#by && sameConfiguration(fragments, this.#by.fragments))) return
    this.#by = { fragments, configuration: decodeConfiguration(fragments) }
  }
}
