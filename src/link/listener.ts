import type { ServedStream } from './served-stream.ts'

/** An address that a server is reached at, or sends to. */
export interface ServerAddress {
  readonly kind: 'tcp' | 'tcp+udp' | 'udp' | 'udp-spontaneous'
  readonly host: string
  readonly port: number
}

/** What a server knows of one client. */
export interface ClientStatus {
  readonly address: string
  /** Milliseconds since the UNIX epoch. */
  readonly sinceMs: number
  /** Streams it asked something of. */
  readonly idcodes: readonly number[]
  /** Data frames given to its socket, and those it was too slow for. */
  readonly sent: number
  readonly dropped: number
  readonly bufferedBytes: number
}

/** One of the ways a server is reached. */
export interface Listener {
  readonly address: ServerAddress
  clients(): ClientStatus[]
  /** A stream was added; where data go out unasked it needs no client. */
  streamAdded(stream: ServedStream): void
  streamRemoved(stream: ServedStream): void
  /** What describes the data of a stream has changed. */
  configurationChanged(stream: ServedStream): void
  /** Resolves once every socket is closed. */
  close(): Promise<void>
}
