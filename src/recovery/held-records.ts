/**
 * What a held file says, as records in blocks:
 *
 *   file   => "PHASHELD" version(4) block x n
 *   block  => size(4) CRC-32 of records(4) records      never empty: zeros are no block
 *   record => 8 stream + kind, body
 *     stream   0  name                      the number stands for this topic from here on
 *     ledger   1  size bytes                all that was known of it
 *     grid     2  DATA_RATE TIME_BASE time  of what is taken from here on; `time` is before the first of them
 *     live     3  step                      taken; one period and `step` µs after the one before
 *     late     4  step
 *     released 5  time lane
 *     lost     6  time reason
 *     absent   7  from to verdict reason
 *   Retirement is a ledger written anew. Numbers are varints, times µs since the UNIX epoch.
 */
import {
  type AbsentRange,
  absentVerdicts,
  CompactReader,
  CompactWriter,
  type GridSource,
  type Lane,
  type LedgerSettings,
  SlotGrid,
  StreamLedger,
} from '../streams/index.ts'
import { BLOCK_HEADER_SIZE, seal } from './held-blocks.ts'

const Kind = { stream: 0, ledger: 1, grid: 2, live: 3, late: 4, released: 5, lost: 6, absent: 7 } as const
const KINDS = 8
const MAX_TOPIC_BYTES = 5 * 65
const MAX_REASON_BYTES = 64
const MAX_US = 2 ** 32 * 1_000_000

/** Where the last taken frame of a stream was, for the next to be a step from it. */
export interface Track {
  grid: SlotGrid | undefined
  timeUs: number
}

const NO_HEADER = new Uint8Array(BLOCK_HEADER_SIZE)

/** Writes records of one block; allocates only where they outgrow all before. */
export class HeldWriter {
  readonly #bytes = new CompactWriter()

  constructor() {
    this.clear()
  }

  /** Of the records. */
  get length(): number {
    return this.#bytes.length - BLOCK_HEADER_SIZE
  }

  stream(index: number, topic: string): void {
    this.#begin(index, Kind.stream)
    this.#bytes.text(topic)
  }

  ledger(index: number, ledger: Uint8Array): void {
    this.#begin(index, Kind.ledger)
    this.#bytes.number(ledger.length)
    this.#bytes.bytes(ledger)
  }

  took(index: number, track: Track, grid: SlotGrid, timeUs: number, lane: Lane): void {
    if (track.grid !== grid) {
      this.#begin(index, Kind.grid)
      this.#bytes.signed(grid.dataRate)
      this.#bytes.number(grid.timeBase)
      this.#bytes.number(timeUs)
      track.grid = grid
      track.timeUs = timeUs
    }
    this.#begin(index, lane === 'live' ? Kind.live : Kind.late)
    this.#bytes.signed(timeUs - track.timeUs - Math.round(grid.periodUs))
    track.timeUs = timeUs
  }

  released(index: number, timeUs: number, lane: Lane): void {
    this.#begin(index, Kind.released)
    this.#bytes.number(timeUs)
    this.#bytes.number(lane === 'live' ? 0 : 1)
  }

  gaveUp(index: number, timeUs: number, reason: string): void {
    this.#begin(index, Kind.lost)
    this.#bytes.number(timeUs)
    this.#bytes.text(reason.slice(0, MAX_REASON_BYTES))
  }

  absent(index: number, { fromUs, toUs, verdict, reason = '' }: AbsentRange): void {
    this.#begin(index, Kind.absent)
    this.#bytes.number(bounded(fromUs))
    this.#bytes.number(bounded(toUs))
    this.#bytes.number(absentVerdicts.indexOf(verdict))
    this.#bytes.text(reason.slice(0, MAX_REASON_BYTES))
  }

  clear(): void {
    this.#bytes.clear()
    this.#bytes.bytes(NO_HEADER)
  }

  /** The whole block; valid until the next write. */
  block(): Uint8Array {
    const block = this.#bytes.view()
    seal(block)
    return block
  }

  #begin(index: number, kind: number): void {
    this.#bytes.number(index * KINDS + kind)
  }
}

/** What records say, put together again. */
export class HeldReading {
  readonly ledgers = new Map<string, StreamLedger>()
  readonly #settings: Partial<LedgerSettings>
  readonly #topics = new Map<number, string>()
  readonly #tracks = new Map<number, Track>()

  constructor(settings: Partial<LedgerSettings>) {
    this.#settings = settings
  }

  /** Throws LedgerError where the records of a block make no sense. */
  block(records: Uint8Array): void {
    const reader = new CompactReader(records)
    while (reader.remaining > 0) this.#record(reader)
  }

  #record(reader: CompactReader): void {
    const head = reader.number()
    const index = Math.floor(head / KINDS)
    const kind = head % KINDS
    if (kind === Kind.stream) {
      this.#topics.set(index, reader.text(MAX_TOPIC_BYTES))
      this.#tracks.delete(index)
      return
    }
    const topic = this.#topics.get(index) ?? ''
    if (kind === Kind.ledger) {
      this.ledgers.set(topic, StreamLedger.decode(reader.bytes(reader.number(reader.remaining)), this.#settings))
      return
    }
    const ledger = this.#ledger(topic)
    if (kind === Kind.grid) this.#tracks.set(index, this.#readGrid(reader))
    else if (kind === Kind.live) this.#took(reader, index, ledger, 'live')
    else if (kind === Kind.late) this.#took(reader, index, ledger, 'late')
    else if (kind === Kind.released) ledger.release(reader.number(), reader.number(1) === 0 ? 'live' : 'late')
    else if (kind === Kind.lost) ledger.restoreLost(reader.number(), reader.text(4 * MAX_REASON_BYTES))
    else ledger.restoreAbsent(readAbsent(reader))
  }

  #readGrid(reader: CompactReader): Track {
    const source: GridSource = { dataRate: reader.signed(), timeBase: reader.number() }
    return { grid: SlotGrid.of(source), timeUs: reader.number() }
  }

  #took(reader: CompactReader, index: number, ledger: StreamLedger, lane: Lane): void {
    const step = reader.signed()
    const track = this.#tracks.get(index)
    if (!track?.grid) return
    track.timeUs += step + Math.round(track.grid.periodUs)
    ledger.restore(track.timeUs, lane, track.grid)
  }

  #ledger(topic: string): StreamLedger {
    let ledger = this.ledgers.get(topic)
    if (!ledger) {
      ledger = new StreamLedger(this.#settings)
      this.ledgers.set(topic, ledger)
    }
    return ledger
  }
}

function readAbsent(reader: CompactReader): AbsentRange {
  const [fromUs, toUs] = [reader.number(), reader.number()]
  const verdict = absentVerdicts[reader.number(absentVerdicts.length - 1)]!
  const reason = reader.text(4 * MAX_REASON_BYTES)
  return reason === '' ? { fromUs, toUs, verdict } : { fromUs, toUs, verdict, reason }
}

const bounded = (us: number): number => Math.round(Math.min(Math.max(us, 0), MAX_US))
