import {
  ConfigurationAssembler,
  decodeConfiguration,
  FrameError,
  FrameType,
  fractionOf,
  frameTypeOf,
  idcodeOf,
  microsecondsOf,
  socOf,
} from '../../c37118/index.ts'
import {
  type CaptureReport,
  ConfigurationBook,
  type Direction,
  type Endpoint,
  FrameExtractor,
} from '../../capture/index.ts'
import type { RecordedEvent, RecordedStream, Recording, UnplayableStream } from './recording.ts'
import { ReplayError } from './replay-error.ts'

/** A recording is held in memory: so many bytes of frames at most. */
export const MAX_RECORDING_BYTES = 2 ** 31

/** Raw streams are paced by their timestamps. A longer step than this is another time, and taken for no time at all. */
const LONGEST_STEP_US = 60e6

export interface RecordingReaderOptions {
  /** Saved configurations, for streams whose own is not in the capture. */
  readonly given?: readonly (readonly Uint8Array[])[]
  readonly maxBytes?: number
}

interface Found {
  readonly direction: Direction
  readonly idcode: number
  readonly events: PendingEvent[]
  dataFrames: number
  readonly assembler: ConfigurationAssembler
}

/** A raw stream has no capture times. */
type PendingEvent =
  | { readonly kind: 'data'; readonly atUs: number | undefined; readonly frame: Uint8Array }
  | { readonly kind: 'header'; readonly atUs: number | undefined; readonly frame: Uint8Array }
  | { readonly kind: 'configuration'; readonly atUs: number | undefined; readonly fragments: readonly Uint8Array[] }

/** Takes the bytes of a capture, in whatever format, and sorts them into streams that can be played. */
export class RecordingReader {
  readonly #extractor: FrameExtractor
  readonly #book = new ConfigurationBook()
  readonly #streams = new Map<string, Found>()
  readonly #maxBytes: number
  #bytes = 0

  constructor({ given = [], maxBytes = MAX_RECORDING_BYTES }: RecordingReaderOptions = {}) {
    this.#maxBytes = maxBytes
    for (const fragments of given) this.#book.give(fragments)
    this.#extractor = new FrameExtractor({
      frame: (frame, direction, timeUs) => this.#frame(frame, direction, timeUs),
    })
  }

  /** Throws CaptureError for a damaged file: what was before can still be played. */
  push(chunk: Uint8Array): void {
    this.#extractor.push(chunk)
  }

  end(): Recording & { readonly report: CaptureReport } {
    const report = this.#extractor.end()
    const streams: RecordedStream[] = []
    const unplayable: UnplayableStream[] = []
    for (const found of joined([...this.#streams.values()])) {
      const { idcode, dataFrames, direction } = found
      const stream = this.#finish(found)
      if (stream) streams.push(stream)
      else unplayable.push({ idcode, source: direction.from, dataFrames })
    }
    return { streams, unplayable, report }
  }

  #frame(frame: Uint8Array, direction: Direction, atUs: number | undefined): void {
    const type = frameTypeOf(frame)
    if (type === FrameType.command) return
    this.#bytes += frame.length
    if (this.#bytes > this.#maxBytes) {
      throw new ReplayError(
        { code: 'REPLAY_TOO_LARGE', bytes: this.#bytes, max: this.#maxBytes },
        `the capture has more than ${this.#maxBytes} bytes of frames; replay a part of it`,
      )
    }
    const found = this.#streamOf(direction, idcodeOf(frame))
    // The chunk that the frame is a view of holds other traffic too: a copy lets it go.
    const kept = new Uint8Array(frame)
    if (type === FrameType.data) {
      found.dataFrames++
      found.events.push({ kind: 'data', atUs, frame: kept })
    } else if (type === FrameType.header) {
      found.events.push({ kind: 'header', atUs, frame: kept })
    } else {
      this.#configuration(found, kept, atUs)
    }
  }

  #configuration(found: Found, frame: Uint8Array, atUs: number | undefined): void {
    try {
      const learnt = this.#book.learn(frame, found.direction)
      const fragments = found.assembler.push(frame)
      if (!learnt || !fragments) return
      found.events.push({ kind: 'configuration', atUs, fragments })
    } catch (error) {
      // A configuration that makes no sense is not played; no data depend on it.
      if (!(error instanceof FrameError)) throw error
    }
  }

  #streamOf(direction: Direction, idcode: number): Found {
    const key = `${direction.flow.id}/${direction === direction.flow.forward}/${idcode}`
    let found = this.#streams.get(key)
    if (!found) {
      found = { direction, idcode, events: [], dataFrames: 0, assembler: new ConfigurationAssembler() }
      this.#streams.set(key, found)
    }
    return found
  }

  #finish({ events, direction, idcode, dataFrames }: Found): RecordedStream | undefined {
    const fragments = ownConfiguration(events) ?? this.#borrowed(events, direction)
    if (!fragments) return undefined
    const configuration = decodeConfiguration(fragments)
    return {
      idcode,
      transport: direction.flow.transport,
      source: direction.from,
      configuration,
      fragments,
      events: timed(events, configuration.timeBase),
      dataFrames,
    }
  }

  /** Of another flow of the same device, or given by the user. */
  #borrowed(events: readonly PendingEvent[], direction: Direction): readonly Uint8Array[] | undefined {
    const data = events.find((event) => event.kind === 'data')
    const decoder = data && this.#book.find(data.frame, direction)?.decoder
    return decoder && this.#book.fragmentsOf(decoder.configuration)
  }
}

function ownConfiguration(events: readonly PendingEvent[]): readonly Uint8Array[] | undefined {
  for (const event of events) {
    if (event.kind === 'configuration' && frameTypeOf(event.fragments[0]!) !== FrameType.config1) return event.fragments
  }
  return undefined
}

/** Streams with data. A device that was connected to again after it had gone is one stream, not two. */
function joined(streams: readonly Found[]): Found[] {
  const result: Found[] = []
  for (const stream of streams) {
    if (stream.dataFrames === 0) continue
    const before = result.find((other) => continues(other, stream))
    if (before) {
      before.events.push(...stream.events)
      before.dataFrames += stream.dataFrames
    } else {
      result.push(stream)
    }
  }
  return result
}

function continues(before: Found, next: Found): boolean {
  if (before.idcode !== next.idcode || !sameEndpoint(before.direction.from, next.direction.from)) return false
  const ended = before.events.at(-1)?.atUs
  const began = next.events[0]?.atUs
  return ended !== undefined && began !== undefined && ended <= began
}

function sameEndpoint(a: Endpoint, b: Endpoint): boolean {
  return a.address !== '' && a.address === b.address && a.port === b.port
}

/**
 * Gives every event a time that never goes back: when it was captured, or else
 * the timestamp of the data. What stands before the first data frame of a raw
 * stream goes out with it.
 */
function timed(events: readonly PendingEvent[], timeBase: number): RecordedEvent[] {
  const captured = events.every(({ atUs }) => atUs !== undefined)
  const stampOf = ({ frame }: { readonly frame: Uint8Array }): number =>
    microsecondsOf({ soc: socOf(frame), fraction: fractionOf(frame) }, timeBase)
  const firstData = events.find((event) => event.kind === 'data')
  let atUs = captured || !firstData ? 0 : stampOf(firstData)
  let stampUs: number | undefined
  return events.map((event) => {
    if (captured) {
      atUs = Math.max(atUs, event.atUs!)
    } else if (event.kind === 'data') {
      const us = stampOf(event)
      const step = us - (stampUs ?? us)
      if (step > 0 && step <= LONGEST_STEP_US) atUs += step
      stampUs = us
    }
    return { ...event, atUs } as RecordedEvent
  })
}
