import {
  type Configuration,
  ConfigurationAssembler,
  decodeConfiguration,
  FrameSplitter,
  FrameType,
  frameTypeOf,
  sameConfiguration,
} from '../../c37118/index.ts'

/**
 * Frames as a historian sends them, each configuration in front of its data. What
 * is needed to read data is made once for each configuration, also for one that
 * comes back.
 */
export class ExportedFrames<Reader> {
  readonly #make: (configuration: Configuration) => Reader
  readonly #splitter = new FrameSplitter()
  readonly #assembler = new ConfigurationAssembler()
  readonly #known: { readonly fragments: readonly Uint8Array[]; readonly reader: Reader }[] = []
  #reader: Reader | undefined

  constructor(make: (configuration: Configuration) => Reader) {
    this.#make = make
  }

  /** Of all configurations so far, in the order in which they were met. */
  get readers(): readonly Reader[] {
    return this.#known.map(({ reader }) => reader)
  }

  /** Bytes, cut anywhere. The frame is a view, for as long as the call lasts. */
  push(bytes: Uint8Array, data: (frame: Uint8Array, reader: Reader) => void): void {
    this.#splitter.push(bytes, (frame) => {
      if (frameTypeOf(frame) === FrameType.data) {
        if (this.#reader) data(frame, this.#reader)
        return
      }
      const fragments = this.#assembler.push(frame)
      if (fragments) this.#reader = this.#readerOf(fragments)
    })
  }

  #readerOf(fragments: readonly Uint8Array[]): Reader {
    const known = this.#known.find((each) => sameConfiguration(each.fragments, fragments))
    if (known) return known.reader
    const reader = this.#make(decodeConfiguration(fragments))
    this.#known.push({ fragments: fragments.map((each) => Uint8Array.from(each)), reader })
    return reader
  }
}
