/**
 * Frames of one configuration as rows of a Parquet file, and back, to the bit.
 *
 * Integers stand as they are on the wire, floats as floats. DuckDB and Parquet
 * make no difference between 0.0 and -0.0, nor between NaNs: a frame that has a
 * -0.0, or a NaN that is not the plain one, is kept whole beside its numbers.
 */
import { type Configuration, checksum, type DataWord, idcodeOf, type WordTable, wordTable } from '../c37118/index.ts'

export interface FrameColumn {
  /** `1.VA.re`, `2.freq`: the number of the PMU in the configuration, the channel and its part. Unique. */
  readonly name: string
  readonly type: 'SMALLINT' | 'USMALLINT' | 'FLOAT'
  readonly word: DataWord
}

/** A number as a column has it; `null`: the NaN that marks absent data. */
export type Cell = number | null

/** A table of more columns takes DuckDB minutes, then all memory, then the process: its frames are kept whole, and read from these. */
export const MOST_COLUMNS = 600

const types = { int16: 'SMALLINT', uint16: 'USMALLINT', float32: 'FLOAT' } as const
const NEGATIVE_ZERO = 0x80000000
const PLAIN_NAN = 0x7fc00000
const CHECKSUM_BYTES = 2

export class FrameTable {
  readonly configuration: Configuration
  readonly columns: readonly FrameColumn[]
  readonly #table: WordTable
  readonly #bits: Uint32Array
  readonly #floats: Float32Array
  readonly #isFloat: readonly boolean[]
  readonly #isSigned: readonly boolean[]

  constructor(configuration: Configuration) {
    this.configuration = configuration
    this.#table = wordTable(configuration)
    const { words } = this.#table
    this.#bits = new Uint32Array(words.length)
    this.#floats = new Float32Array(this.#bits.buffer)
    this.#isFloat = words.map(({ type }) => type === 'float32')
    this.#isSigned = words.map(({ type }) => type === 'int16')
    const names = new Set<string>()
    this.columns = words.map((word) => ({ name: uniqueName(configuration, word, names), type: types[word.type], word }))
  }

  /** Its frames are kept whole; there are no columns of them. */
  get isWide(): boolean {
    return this.columns.length > MOST_COLUMNS
  }

  /** Those of a sealed file. */
  get sealedColumns(): readonly FrameColumn[] {
    return this.isWide ? [] : this.columns
  }

  get frameSize(): number {
    return this.#table.frameSize
  }

  /** Fills `cells` in the order of the columns. `false`: they do not say all of the frame, which has to be kept, too. */
  read(frame: Uint8Array, cells: Cell[]): boolean {
    let isAll = idcodeOf(frame) === this.configuration.idcode && frame.length === this.frameSize
    this.#table.unpack(frame, this.#bits)
    for (let at = 0; at < this.#bits.length; at++) {
      const bits = this.#bits[at]!
      if (this.#isFloat[at]) {
        if (bits === NEGATIVE_ZERO) {
          isAll = false
          cells[at] = 0
        } else if ((bits & 0x7fffffff) > 0x7f800000) {
          if (bits !== PLAIN_NAN) isAll = false
          cells[at] = null
        } else cells[at] = this.#floats[at]!
      } else cells[at] = this.#isSigned[at] ? (bits << 16) >> 16 : bits
    }
    return isAll
  }

  /** The frame that {@link read} said all of. `sync`: its first two bytes. */
  write(sync: number, soc: number, fracsec: number, cells: readonly Cell[]): Uint8Array {
    const frame = new Uint8Array(this.frameSize)
    const view = new DataView(frame.buffer)
    view.setUint16(0, sync)
    view.setUint16(2, frame.length)
    view.setUint16(4, this.configuration.idcode)
    view.setUint32(6, soc)
    view.setUint32(10, fracsec)
    for (let at = 0; at < this.#bits.length; at++) {
      const cell = cells[at]!
      if (!this.#isFloat[at]) this.#bits[at] = (cell ?? 0) & 0xffff
      else if (cell === null) this.#bits[at] = PLAIN_NAN
      else this.#floats[at] = cell
    }
    this.#table.pack(this.#bits, frame)
    const end = frame.length - CHECKSUM_BYTES
    view.setUint16(end, checksum(frame, 0, end))
    return frame
  }
}

function uniqueName({ pmus }: Configuration, { pmu, kind, channel, part }: DataWord, taken: Set<string>): string {
  const { phasors, analogs } = pmus[pmu]!
  const of =
    kind === 'phasor'
      ? `${printable(phasors[channel]!.name)}.${part}`
      : kind === 'analog'
        ? printable(analogs[channel]!.name)
        : kind === 'digital'
          ? `digital${channel + 1}`
          : kind
  const name = `${pmu + 1}.${of}`
  // Names in one table differ by more than their case.
  let unique = name
  for (let number = 2; taken.has(unique.toLowerCase()); number++) unique = `${name} (${number})`
  taken.add(unique.toLowerCase())
  return unique
}

/** CHNAM is whatever the device has; what cannot be printed is no part of a column's name. */
const printable = (name: string): string => name.replace(/\p{C}/gu, '').trim() || 'unnamed'
