import {
  type Configuration,
  type DataSample,
  FrameError,
  type FrameHeader,
  FrameType,
  idcodeOf,
  microsecondsOf,
  readFrameHeader,
} from '../../c37118/index.ts'
import {
  type CaptureReport,
  ConfigurationBook,
  type ConfigurationOrigin,
  type Direction,
  FrameExtractor,
} from '../../capture/index.ts'
import { StreamTally } from './stream-tally.ts'

/** Bound of the streams that are told apart; frames of further ones are counted only. */
export const MAX_STREAMS = 65_536

/** One pair of endpoints and one IDCODE, both ways. */
export interface CapturedStream {
  /** From 1, in order of appearance. */
  readonly number: number
  readonly forward: Direction
  readonly idcode: number
  readonly tally: StreamTally
  timeBase: TimeBase | undefined
}

/** `inferred` from the fractions of the data frames: an assumption, and said to be one. */
export interface TimeBase {
  readonly value: number
  readonly source: 'configuration' | 'option' | 'inferred'
}

export interface DecodedFrame {
  readonly stream: CapturedStream
  readonly frame: Uint8Array
  readonly header: FrameHeader
  readonly direction: Direction
  /** Capture time, µs since the UNIX epoch. */
  readonly capturedUs: number | undefined
  /** SOC and FRACSEC, µs since the UNIX epoch; undefined while TIME_BASE is not known. */
  readonly timeUs: number | undefined
  /** Of a data frame that could be decoded. */
  readonly data?: {
    readonly sample: DataSample
    readonly configuration: Configuration
    readonly origin: ConfigurationOrigin | 'later'
  }
  /** Of a CFG-1, CFG-2, or the fragment that completes a CFG-3. */
  readonly configuration?: Configuration
  /** Why a data frame has no values, or a configuration frame says nothing. */
  readonly problem?: string
}

export interface Knowledge {
  /** What the user gave. */
  readonly given?: readonly (readonly Uint8Array[])[]
  readonly timeBase?: number
  /** What a first reading of the same capture found. */
  readonly later?: ConfigurationBook
  readonly inferred?: ReadonlyMap<string, number>
}

export const streamKey = (direction: Direction, idcode: number): string => `${direction.flow.id}/${idcode}`

/** Decodes the frames of a capture, each with the configuration in force, and accounts for every stream. */
export class CaptureDecoder {
  readonly #onFrame: (frame: DecodedFrame) => void
  readonly #extractor: FrameExtractor
  readonly #book = new ConfigurationBook()
  readonly #knowledge: Knowledge
  readonly #streams = new Map<string, CapturedStream>()
  /** The stream that a direction's last good frame belonged to: losses of bytes are put down to it. */
  #lastOf = new WeakMap<Direction, CapturedStream>()
  unlistedFrames = 0

  constructor(onFrame: (frame: DecodedFrame) => void, knowledge: Knowledge = {}) {
    this.#onFrame = onFrame
    this.#knowledge = knowledge
    for (const fragments of knowledge.given ?? []) this.#book.give(fragments)
    this.#extractor = new FrameExtractor({
      frame: (frame, direction, timeUs) => this.#frame(frame, direction, timeUs),
      forgotten: (flow, stats) => {
        this.#account(flow.forward, stats.forward)
        this.#account(flow.backward, stats.backward)
      },
    })
  }

  get streams(): CapturedStream[] {
    return [...this.#streams.values()]
  }

  push(chunk: Uint8Array): void {
    this.#extractor.push(chunk)
  }

  end(): CaptureReport {
    const report = this.#extractor.end()
    for (const { tally } of this.#streams.values()) tally.settle()
    return report
  }

  #frame(frame: Uint8Array, direction: Direction, capturedUs: number | undefined): void {
    const header = readFrameHeader(frame)
    const stream = this.#streamOf(direction, header.idcode)
    if (!stream) {
      this.unlistedFrames++
      return
    }
    const { tally } = stream
    this.#lastOf.set(direction, stream)
    tally.frame(header.type)
    const content = this.#contentOf(frame, header.type, direction, tally)
    stream.timeBase = this.#timeBaseOf(frame, direction) ?? stream.timeBase
    const timeUs = stream.timeBase && microsecondsOf(header, stream.timeBase.value)
    if (header.type === FrameType.data && timeUs !== undefined) tally.timestamp(timeUs)
    if (header.type !== FrameType.command) tally.dataWay = direction
    this.#onFrame({ stream, frame, header, direction, capturedUs, timeUs, ...content })
  }

  #streamOf(direction: Direction, idcode: number): CapturedStream | undefined {
    const key = streamKey(direction, idcode)
    const found = this.#streams.get(key)
    if (found || this.#streams.size >= MAX_STREAMS) return found
    const { forward } = direction.flow
    const stream = { number: this.#streams.size + 1, forward, idcode, tally: new StreamTally(), timeBase: undefined }
    this.#streams.set(key, stream)
    return stream
  }

  #contentOf(
    frame: Uint8Array,
    type: FrameType,
    direction: Direction,
    tally: StreamTally,
  ): Pick<DecodedFrame, 'data' | 'configuration' | 'problem'> {
    try {
      if (type === FrameType.data) return this.#dataOf(frame, direction, tally)
      if (type === FrameType.command || type === FrameType.header) return {}
      const configuration = this.#book.learn(frame, direction)
      if (!configuration) return {}
      tally.configuration(configuration)
      return { configuration }
    } catch (error) {
      if (!(error instanceof FrameError)) throw error
      tally.undecodable++
      return { problem: error.message }
    }
  }

  #dataOf(frame: Uint8Array, direction: Direction, tally: StreamTally): Pick<DecodedFrame, 'data' | 'problem'> {
    const found = this.#book.find(frame, direction)
    if (found) {
      const { decoder, origin } = found
      if (origin !== 'stream' && tally.stations.length === 0) tally.configuration(decoder.configuration)
      return { data: { sample: decoder.decode(frame), configuration: decoder.configuration, origin } }
    }
    const own = this.#book.configurationOf(frame, direction)
    if (own) {
      tally.undecodable++
      return { problem: `${frame.length} bytes are not what the configuration describes` }
    }
    const later = this.#knowledge.later?.find(frame, direction)
    if (!later) return { problem: 'no configuration' }
    const { decoder } = later
    if (tally.stations.length === 0) tally.configuration(decoder.configuration)
    return { data: { sample: decoder.decode(frame), configuration: decoder.configuration, origin: 'later' } }
  }

  #timeBaseOf(frame: Uint8Array, direction: Direction): TimeBase | undefined {
    const configuration =
      this.#book.configurationOf(frame, direction) ?? this.#knowledge.later?.configurationOf(frame, direction)
    if (configuration) return { value: configuration.timeBase, source: 'configuration' }
    if (this.#knowledge.timeBase !== undefined) return { value: this.#knowledge.timeBase, source: 'option' }
    const inferred = this.#knowledge.inferred?.get(streamKey(direction, idcodeOf(frame)))
    return inferred === undefined ? undefined : { value: inferred, source: 'inferred' }
  }

  #account(
    direction: Direction,
    stats: { badChecksums: number; discardedBytes: number; gaps: number; missingBytes: number },
  ): void {
    const stream =
      this.#lastOf.get(direction) ??
      this.#lastOf.get(direction.flow.forward) ??
      this.#lastOf.get(direction.flow.backward)
    if (!stream) return
    stream.tally.chkErrors += stats.badChecksums
    stream.tally.discardedBytes += stats.discardedBytes
    stream.tally.captureGaps += stats.gaps
    stream.tally.missingBytes += stats.missingBytes
  }
}
