import { compileDecoder, type DataColumns, type DataDecoder } from '../c37118/index.ts'
import type { Channel } from './channels.ts'
import { Kind } from './schema.ts'
import { bytesOf } from './sql.ts'
import type { Epoch, Store } from './store.ts'

/** The newest that is known of a stream. */
export interface Latest {
  readonly topic: string
  readonly timeUs: number
  /** In physical units; null: absent. */
  readonly values: readonly { readonly channel: string; readonly unit: string; readonly value: number | null }[]
}

interface Newest {
  epoch: Epoch
  timeUs: number
  frame: Uint8Array
}

/** The newest frame of each stream. Noting one is on the hot path. */
export class LatestFrames {
  readonly #store: Store
  readonly #newest = new Map<number, Newest>()
  readonly #readers = new WeakMap<Epoch, { decoder: DataDecoder; columns: DataColumns; channels: readonly Channel[] }>()

  private constructor(store: Store) {
    this.#store = store
  }

  /** Begins with what is hot. */
  static async open(store: Store): Promise<LatestFrames> {
    const latest = new LatestFrames(store)
    const rows = await store.reader.rows(
      `select stream, arg_max(epoch, time_us), max(time_us), arg_max(frame, time_us) from frames
       where kind in (${Kind.live}, ${Kind.late}) group by stream`,
    )
    for (const [stream, epoch, timeUs, blob] of rows) {
      latest.note(Number(stream), store.epoch(Number(epoch)), Number(timeUs), Uint8Array.from(bytesOf(blob)))
    }
    return latest
  }

  note(stream: number, epoch: Epoch, timeUs: number, frame: Uint8Array): void {
    const newest = this.#newest.get(stream)
    if (!newest) this.#newest.set(stream, { epoch, timeUs, frame })
    else if (timeUs >= newest.timeUs) {
      newest.epoch = epoch
      newest.timeUs = timeUs
      newest.frame = frame
    }
  }

  /** Of one stream, or of all. Throws HistorianError. */
  of(topic?: string): readonly Latest[] {
    const streams = topic === undefined ? [...this.#newest.keys()] : [this.#store.streamOf(topic)]
    return streams.flatMap((stream) => {
      const newest = this.#newest.get(stream)
      return newest ? [this.#read(stream, newest)] : []
    })
  }

  #read(stream: number, { epoch, timeUs, frame }: Newest): Latest {
    let reader = this.#readers.get(epoch)
    if (!reader) {
      const decoder = compileDecoder(epoch.configuration)
      reader = { decoder, columns: decoder.createColumns(), channels: this.#store.channelsOf(epoch) }
      this.#readers.set(epoch, reader)
    }
    const { decoder, columns, channels } = reader
    decoder.decodeInto(frame, columns)
    const values = channels.map((channel) => {
      const value = channel.read(columns)
      return { channel: channel.id, unit: channel.unit, value: Number.isFinite(value) ? value : null }
    })
    return { topic: this.#store.topicOf(stream), timeUs, values }
  }
}
