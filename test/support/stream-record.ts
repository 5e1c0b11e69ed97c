import type { StreamSink } from '../../src/bus/index.ts'
import type { StreamState } from '../../src/streams/index.ts'
import { Watched } from './watched.ts'

/** What a reader gave, in order. */
export class StreamRecord extends Watched {
  /** `configuration S`, `data S`, `retired S`, `lost`, … one per call. */
  readonly calls: string[] = []
  readonly data: Uint8Array[] = []
  /** The station names in force, as they came. */
  readonly stations: string[] = []
  readonly states: StreamState[] = []
  readonly online: { readonly online: boolean; readonly reason: string | undefined }[] = []
  readonly extras: string[] = []
  /** For each data frame the station of its configuration. */
  readonly decodedBy: string[] = []

  readonly sink: Required<StreamSink> = {
    configuration: (stream, _fragments, { pmus }) => {
      this.stations.push(pmus[0]!.stn)
      this.#call('configuration', stream)
    },
    data: (stream, frame) => {
      this.data.push(frame)
      this.decodedBy.push(this.stations.at(-1) ?? '')
      this.#call('data', stream)
    },
    extra: (stream, kind) => {
      this.extras.push(kind)
      this.#call(kind, stream)
    },
    state: (stream, state) => {
      this.states.push(state)
      this.#call('state', stream)
    },
    online: (stream, online, reason) => {
      this.online.push({ online, reason })
      this.#call(online ? 'online' : 'offline', stream)
    },
    left: (stream, node) => this.#call('left', `${stream} ${node}`),
    retired: (stream) => this.#call('retired', stream),
    unusable() {},
    lost: () => this.#call('lost', ''),
  }

  #call(what: string, stream: string): void {
    this.calls.push(`${what} ${stream}`.trim())
    this.changed()
  }
}
