import { StringDecoder } from 'node:string_decoder'
import { failure } from '../cli-error.ts'

/** A longer line is no row of measurements. */
const MAX_LINE = 1024 * 1024

export interface CsvRow {
  /** From 1. */
  readonly line: number
  readonly cells: readonly string[]
}

/**
 * Rows of CSV (RFC 4180, but no line break in a field), from bytes cut anywhere;
 * empty lines are left out. A row is a view of the newest chunk: it is cheap.
 */
export class CsvLines {
  readonly #name: string
  readonly #decoder = new StringDecoder('utf8')
  #rest = ''
  #line = 0

  /** `name`: of the file, for what is said of it. */
  constructor(name: string) {
    this.#name = name
  }

  *push(bytes: Uint8Array): Generator<CsvRow> {
    yield* this.#cut(this.#decoder.write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)))
  }

  /** Of a last line without a line break. */
  *end(): Generator<CsvRow> {
    yield* this.#cut(`${this.#decoder.end()}\n`)
  }

  *#cut(text: string): Generator<CsvRow> {
    const lines = (this.#rest + text).split('\n')
    this.#rest = lines.pop()!
    for (const line of lines) {
      this.#line++
      const whole = line.endsWith('\r') ? line.slice(0, -1) : line
      const plain = this.#line === 1 ? whole.replace(/^\ufeff/, '') : whole
      if (plain.trim() !== '') yield { line: this.#line, cells: this.#cells(plain) }
    }
    if (this.#rest.length > MAX_LINE)
      throw failure(`${this.#name}:${this.#line + 1}: this line is too long to be a row`)
  }

  #cells(line: string): readonly string[] {
    if (!line.includes('"')) return line.split(',')
    const cells: string[] = []
    const cell = /(?:"((?:[^"]|"")*)"|([^",]*))(,|$)/y
    for (;;) {
      const match = cell.exec(line)
      if (!match)
        throw failure(`${this.#name}:${this.#line}: a field has a " in it, and does not begin and end with one`)
      const [, quoted, plain, end] = match
      cells.push(quoted === undefined ? plain! : quoted.replaceAll('""', '"'))
      if (end === '') return cells
    }
  }
}
