import { type Configuration, dataFrameSize, decodeConfiguration, FrameError } from '../c37118/index.ts'
import { sameConfiguration } from '../streams/index.ts'

/** A configuration, and what is read from it for every frame. */
export interface Epoch {
  /** As received; the same array for the same configuration. */
  readonly fragments: readonly Uint8Array[]
  readonly configuration: Configuration
  /** Of its data frames, in bytes. */
  readonly frameSize: number
}

/** A PMU that flips between more than so many costs a decoding each time. */
const REMEMBERED = 4

/** Configurations of one stream, each read once: an answer repeats the one that most answers have. */
export class Epochs {
  #known: readonly Epoch[] = []
  #inForce: Epoch | undefined

  /** Of the live frames of now. */
  get inForce(): Epoch | undefined {
    return this.#inForce
  }

  /** Live frames are of this configuration from here on. */
  begin(fragments: readonly Uint8Array[]): void {
    this.#inForce = this.of(fragments)
  }

  /** The epoch of these frames; undefined where they are no configuration. */
  of(fragments: readonly Uint8Array[]): Epoch | undefined {
    const known = this.#known.find((epoch) => sameConfiguration(epoch.fragments, fragments))
    if (known) return known
    // Kept for long: must not hold on to the message they came in.
    const epoch = read(fragments.map((frame) => new Uint8Array(frame)))
    if (epoch) this.#known = [epoch, ...this.#known].slice(0, REMEMBERED)
    return epoch
  }
}

function read(fragments: readonly Uint8Array[]): Epoch | undefined {
  try {
    const configuration = decodeConfiguration(fragments)
    return { fragments, configuration, frameSize: dataFrameSize(configuration) }
  } catch (error) {
    if (!(error instanceof FrameError)) throw error
    return undefined
  }
}
