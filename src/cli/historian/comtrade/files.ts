/** Frames of a historian as COMTRADE (IEEE C37.111-2013): a pair of files for each configuration. */
import { createReadStream } from 'node:fs'
import { type FileHandle, open, rename, rm, writeFile } from 'node:fs/promises'
import { ExportedFrames } from '../exported-frames.ts'
import { cfgText, type DataType, scalingOf } from './cfg.ts'
import { type SampleWriter, sampleWriter } from './dat.ts'
import { ComtradeRecord } from './record.ts'

export interface ComtradeOf {
  /** Topic of the stream. */
  readonly stream: string
  readonly type: DataType
  /** Frames, as a historian sends them. */
  readonly frames: string
  /** With `.cfg` at its end, or without. */
  readonly output: string
}

const READ_SIZE = 256 * 1024

/**
 * Writes FILE.cfg and FILE.dat, or where the configuration changed FILE-1.cfg,
 * FILE-2.cfg …, one pair for each; whole or not at all. `at`: how many bytes of
 * `frames` are read, each of them twice. Returns the .cfg files. Rejects when the signal aborts.
 */
export async function writeComtrade(
  { stream, type, frames, output }: ComtradeOf,
  at: (bytes: number) => void,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const exported = new ExportedFrames((configuration) => new ComtradeRecord(configuration))
  let bytes = 0
  const chunks = async function* (): AsyncGenerator<Buffer> {
    for await (const chunk of createReadStream(frames, { highWaterMark: READ_SIZE, signal })) {
      yield chunk as Buffer
      bytes += (chunk as Buffer).length
      at(bytes)
    }
  }
  for await (const chunk of chunks()) exported.push(chunk, (frame, record) => record.survey(frame))
  const records = exported.readers.filter(({ samples }) => samples > 0)
  const base = output.replace(/\.cfg$/i, '')
  const pairs = records.map((record, n) => new Pair(record, type, records.length === 1 ? base : `${base}-${n + 1}`))
  try {
    for (const pair of pairs) await pair.open()
    const pairOf = new Map(pairs.map((pair) => [pair.record, pair]))
    for await (const chunk of chunks()) {
      exported.push(chunk, (frame, record) => pairOf.get(record)?.add(frame))
      for (const pair of pairs) await pair.write()
    }
    for (const pair of pairs) await pair.finish(stream)
    for (const pair of pairs) await pair.publish()
  } finally {
    for (const pair of pairs) await pair.tidy()
  }
  return pairs.map(({ cfg }) => cfg)
}

/** One .cfg and its .dat. */
class Pair {
  readonly record: ComtradeRecord
  readonly cfg: string
  readonly #dat: string
  readonly #type: DataType
  readonly #scaling
  readonly #sample: SampleWriter
  #file: FileHandle | undefined
  #parts: Uint8Array[] = []
  #number = 0
  /** The newest sample: another of its time would take its place. */
  #held: { timeUs: number; bytes: Uint8Array } | undefined

  constructor(record: ComtradeRecord, type: DataType, base: string) {
    this.record = record
    this.cfg = `${base}.cfg`
    this.#dat = `${base}.dat`
    this.#type = type
    this.#scaling = scalingOf(record, type)
    this.#sample = sampleWriter(record, this.#scaling, type)
  }

  async open(): Promise<void> {
    this.#file = await open(`${this.#dat}.tmp`, 'w')
  }

  add(frame: Uint8Array): void {
    const { timeUs, columns } = this.record.read(frame)
    if (this.#held?.timeUs !== timeUs) {
      if (this.#held) this.#parts.push(this.#held.bytes)
      this.#number++
    }
    this.#held = { timeUs, bytes: this.#sample(this.#number, timeUs, columns) }
  }

  async write(): Promise<void> {
    const bytes = Buffer.concat(this.#parts)
    this.#parts = []
    if (bytes.length > 0) await this.#file!.appendFile(bytes)
  }

  /** All samples were added. */
  async finish(stream: string): Promise<void> {
    if (this.#held) this.#parts.push(this.#held.bytes)
    await this.write()
    await this.#file!.sync()
    await writeFile(`${this.cfg}.tmp`, cfgText(this.record, this.#scaling, this.#type, stream))
  }

  async publish(): Promise<void> {
    await rename(`${this.#dat}.tmp`, this.#dat)
    await rename(`${this.cfg}.tmp`, this.cfg)
  }

  async tidy(): Promise<void> {
    await this.#file?.close()
    await rm(`${this.#dat}.tmp`, { force: true })
    await rm(`${this.cfg}.tmp`, { force: true })
  }
}
