import {
  type Configuration,
  compileDecoder,
  type DataDecoder,
  type DataSample,
  fractionOf,
  socOf,
} from '../../c37118/index.ts'
import { monotonicMs, utcMs } from '../../runtime/clock.ts'
import { StreamStatistics } from '../connect/stream-statistics.ts'

/** There may be thousands of streams. */
const KEPT = 250

/** One stream that was met on the bus. */
export interface TappedStream {
  readonly topic: string
  readonly decoder: DataDecoder
  readonly statistics: StreamStatistics
  /** The newest data frame, undecoded: only what is shown is decoded. */
  newest: Uint8Array | undefined
  offline: string | undefined
}

/** What came from the bus so far. */
export class TapModel {
  readonly streams = new Map<string, TappedStream>()
  connected = false
  /** The end has begun: what goes away now was asked to. */
  ending = false
  frames = 0

  configured(topic: string, configuration: Configuration): TappedStream {
    const stream: TappedStream = {
      topic,
      decoder: compileDecoder(configuration),
      statistics: new StreamStatistics(configuration, KEPT),
      newest: undefined,
      offline: this.streams.get(topic)?.offline,
    }
    this.streams.set(topic, stream)
    return stream
  }

  /** Undefined for a stream that was never configured; the reader gives none. */
  arrived(topic: string, frame: Uint8Array): TappedStream | undefined {
    const stream = this.streams.get(topic)
    if (!stream) return undefined
    this.frames++
    stream.newest = frame
    stream.statistics.arrived(socOf(frame), fractionOf(frame), monotonicMs(), utcMs())
    return stream
  }

  judged(topic: string, offline: string | undefined): void {
    const stream = this.streams.get(topic)
    if (stream) stream.offline = offline
  }

  retired(topic: string): void {
    this.streams.delete(topic)
  }
}

/** The newest frame of a stream, decoded. */
export function newestSample({ decoder, newest }: TappedStream): DataSample | undefined {
  return newest && decoder.decode(newest)
}
