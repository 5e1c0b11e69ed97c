import type { Configuration } from '../../c37118/index.ts'
import type { Endpoint } from '../../capture/index.ts'

/** What a stream sent at one moment. */
export type RecordedEvent =
  | { readonly kind: 'data'; readonly atUs: number; readonly frame: Uint8Array }
  | { readonly kind: 'configuration'; readonly atUs: number; readonly fragments: readonly Uint8Array[] }
  | { readonly kind: 'header'; readonly atUs: number; readonly frame: Uint8Array }

/** The data of one PMU (or PDC) as a capture has them, with what describes them. */
export interface RecordedStream {
  readonly idcode: number
  readonly transport: 'tcp' | 'udp' | 'raw'
  /** Where the data came from. */
  readonly source: Endpoint
  /** The first configuration of the data; `fragments` as on the wire. */
  readonly configuration: Configuration
  readonly fragments: readonly Uint8Array[]
  /** In order of time. `atUs`: when it passed by, in µs since the UNIX epoch, by the capture's clock. */
  readonly events: readonly RecordedEvent[]
  readonly dataFrames: number
}

/** A stream that cannot be played: nothing says what its data mean, so no PDC could ask. */
export interface UnplayableStream {
  readonly idcode: number
  readonly source: Endpoint
  readonly dataFrames: number
}

export interface Recording {
  readonly streams: readonly RecordedStream[]
  readonly unplayable: readonly UnplayableStream[]
}
