import { FrameError, FrameType, frameTypeOf, idcodeOf } from '../../c37118/index.ts'
import { type CaptureReport, ConfigurationBook, type Direction, FrameExtractor } from '../../capture/index.ts'

/** Data of an IDCODE in a capture, from wherever. */
export interface CapturedIdcode {
  readonly idcode: number
  dataFrames: number
  /** Where they come from; '' of a raw stream. */
  readonly addresses: Set<string>
  /** Of the first configuration. */
  stations: readonly string[]
}

/** Of a capture. */
export interface CaptureData {
  readonly fragments: readonly Uint8Array[]
  readonly frame: Uint8Array
  readonly idcode: number
}

/** What a first reading of a capture found, for the second: configurations may come after their data. */
export interface Surveyed {
  readonly later: ConfigurationBook
  readonly idcodes: ReadonlyMap<number, CapturedIdcode>
  /** Streams that have a CFG-2. */
  readonly withConfig2: ReadonlySet<string>
  readonly report: CaptureReport
}

const keyOf = ({ flow }: Direction, idcode: number): string => `${flow.id}/${idcode}`
const isConfiguration = (type: FrameType): boolean =>
  type === FrameType.config1 || type === FrameType.config2 || type === FrameType.config3

/** Reads a capture for what is in it. `given`: configurations of streams that do not send one. */
export class CaptureSurvey {
  readonly #extractor: FrameExtractor
  readonly #later: ConfigurationBook
  readonly #idcodes = new Map<number, CapturedIdcode>()
  readonly #withConfig2 = new Set<string>()

  constructor(given: readonly (readonly Uint8Array[])[]) {
    this.#later = bookOf(given, { keepFirst: true })
    this.#extractor = new FrameExtractor({
      frame: (frame, direction) => {
        const type = frameTypeOf(frame)
        if (type === FrameType.data) this.#data(frame, direction)
        else if (isConfiguration(type)) this.#configuration(frame, type, direction)
      },
    })
  }

  push(chunk: Uint8Array): void {
    this.#extractor.push(chunk)
  }

  end(): Surveyed {
    const report = this.#extractor.end()
    return { later: this.#later, idcodes: this.#idcodes, withConfig2: this.#withConfig2, report }
  }

  #data(frame: Uint8Array, { from }: Direction): void {
    const found = this.#of(idcodeOf(frame))
    found.dataFrames++
    found.addresses.add(from.address)
  }

  #configuration(frame: Uint8Array, type: FrameType, direction: Direction): void {
    const idcode = idcodeOf(frame)
    if (type === FrameType.config2) this.#withConfig2.add(keyOf(direction, idcode))
    const learnt = learn(this.#later, frame, direction)
    const found = this.#of(idcode)
    if (learnt && found.stations.length === 0) found.stations = learnt.pmus.map(({ stn }) => stn)
  }

  /** IDCODE has 16 bits: that bounds them. */
  #of(idcode: number): CapturedIdcode {
    let found = this.#idcodes.get(idcode)
    if (!found) {
      found = { idcode, dataFrames: 0, addresses: new Set(), stations: [] }
      this.#idcodes.set(idcode, found)
    }
    return found
  }
}

/** The second reading: data frames, each with the configuration of its time. */
export class CaptureDataReader {
  readonly #extractor: FrameExtractor
  readonly #book: ConfigurationBook
  readonly #surveyed: Surveyed
  #found: CaptureData[] = []
  /** By IDCODE: data that no configuration describes. */
  readonly unexplained = new Map<number, number>()

  constructor(given: readonly (readonly Uint8Array[])[], surveyed: Surveyed) {
    this.#book = bookOf(given)
    this.#surveyed = surveyed
    this.#extractor = new FrameExtractor({
      frame: (frame, direction) => {
        const type = frameTypeOf(frame)
        if (type === FrameType.data) this.#data(frame, direction)
        else if (isConfiguration(type)) this.#configuration(frame, type, direction)
      },
    })
  }

  push(chunk: Uint8Array): void {
    this.#extractor.push(chunk)
  }

  end(): void {
    this.#extractor.end()
  }

  /** Since it was called last; frames are views. */
  take(): readonly CaptureData[] {
    const found = this.#found
    this.#found = []
    return found
  }

  #data(frame: Uint8Array, direction: Direction): void {
    const idcode = idcodeOf(frame)
    const { later } = this.#surveyed
    // One that is known, and of another size, is not helped by what comes later.
    const book = this.#book.configurationOf(frame, direction) ? this.#book : later
    const decoder = book.find(frame, direction)?.decoder
    const fragments = decoder && book.fragmentsOf(decoder.configuration)
    if (fragments) {
      this.#found.push({ fragments, frame, idcode })
      return
    }
    this.unexplained.set(idcode, (this.unexplained.get(idcode) ?? 0) + 1)
  }

  #configuration(frame: Uint8Array, type: FrameType, direction: Direction): void {
    // A PDC may ask for both, and data are the same: one of them, and the one that every PDC asks for.
    if (type === FrameType.config3 && this.#surveyed.withConfig2.has(keyOf(direction, idcodeOf(frame)))) return
    learn(this.#book, frame, direction)
  }
}

function bookOf(given: readonly (readonly Uint8Array[])[], options = {}): ConfigurationBook {
  const book = new ConfigurationBook(options)
  for (const fragments of given) book.give(fragments)
  return book
}

function learn(book: ConfigurationBook, frame: Uint8Array, direction: Direction) {
  try {
    return book.learn(frame, direction)
  } catch (error) {
    // It makes no sense, and no data depend on it.
    if (!(error instanceof FrameError)) throw error
    return undefined
  }
}
