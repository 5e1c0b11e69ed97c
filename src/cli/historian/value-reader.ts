import { type Configuration, compileDecoder, microsecondsOf } from '../../c37118/index.ts'
import { channelsOf, FrameTable } from '../../historian/index.ts'

/** A channel as a historian lists it. */
export interface NamedChannel {
  readonly id: string
  readonly unit: string
}

/** Values of a data frame. */
export interface ValueReader {
  /** Returns its time, in µs since the UNIX epoch, and fills `values`. */
  read(frame: Uint8Array): number
  /** In physical units, in the order that was asked for; NaN where absent, or the configuration has no such channel. */
  readonly values: Float64Array
  /** Ids of STAT and digital words: bits, 0 to 65535. */
  readonly words: ReadonlySet<string>
  /** Ids of what is a quantity. */
  readonly quantities: ReadonlySet<string>
}

export function valueReader(configuration: Configuration, wanted: readonly NamedChannel[]): ValueReader {
  const has = new Map(channelsOf(new FrameTable(configuration)).map((channel) => [channel.id, channel]))
  const channels = wanted.map(({ id }) => has.get(id))
  const idsOf = (isWord: boolean): ReadonlySet<string> =>
    new Set([...has.values()].filter((channel) => channel.isWord === isWord).map(({ id }) => id))
  const decoder = compileDecoder(configuration)
  const columns = decoder.createColumns()
  const values = new Float64Array(wanted.length)
  return {
    values,
    words: idsOf(true),
    quantities: idsOf(false),
    read(frame) {
      decoder.decodeInto(frame, columns)
      for (let at = 0; at < channels.length; at++) values[at] = channels[at]?.read(columns) ?? Number.NaN
      return microsecondsOf(columns, configuration.timeBase)
    },
  }
}
