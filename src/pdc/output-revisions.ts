/**
 * What comes after its instant has gone: it completes the frame that the output
 * said. The more complete frame goes into the journal, under a name of its own,
 * and the stream's state tells of it; nothing live is said again.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import {
  type Configuration,
  ConfigurationAssembler,
  decodeConfiguration,
  FrameType,
  fractionOf,
  frameTypeOf,
  socOf,
} from '../c37118/index.ts'
import type { JournalReader, StreamJournal } from '../journal/index.ts'
import { monotonicMs, utcMs } from '../runtime/clock.ts'
import type { Counter, Gauge, Log, Metrics } from '../runtime/service.ts'
import { MAX_REVISED, type RevisedRange, type SlotGrid } from '../streams/index.ts'
import type { Generation } from './generation.ts'
import type { RatedSample } from './rated-sample.ts'

export interface RevisionWays {
  /** Where completed frames go. */
  readonly journal: StreamJournal
  /** Of what was said before: the completed first. */
  readonly readers: () => readonly (JournalReader | undefined)[]
  /** What an earlier run completed, and nobody may have heard of. */
  readonly before: readonly RevisedRange[]
  /** There is more of it; the latest ranges. */
  announce(ranges: readonly RevisedRange[]): void
}

export interface RevisionDeps {
  readonly output: string
  readonly grid: SlotGrid
  /** Its frame was said, or never will be. */
  hasGone(slot: number): boolean
  /** Late parts that may wait. Default 65,536. */
  readonly maxParts?: number
  /** There is room again, for who was told that there is none. */
  readonly room: () => void
  readonly log: Log
  readonly metrics: Metrics
}

/** A frame, or sample, of an input. */
export interface LatePart {
  /** Of the input, which is of this configuration. */
  readonly name: string
  readonly configuration: Configuration
  readonly content: Uint8Array | RatedSample
  /** STAT that the PDC sets. */
  readonly bits: number
  /** It is in the journal, or was there. */
  readonly done: () => void
}

interface Waiting {
  generation: Generation
  readonly parts: LatePart[]
  changedMs: number
}

/** Late parts that wait, over all instants of an output: beyond it nobody pulls more. */
export const MAX_WAITING_PARTS = 65_536
export const MAX_WAITING_BYTES = 64 * 1024 * 1024
/** So long after its last part an instant waits for others, so that it is completed once. */
const QUIET_MS = 500
/** Instants that are completed together. */
const AT_ONCE = 512
const TICK_MS = 100
/** So long frames are completed before what is live has its turn. */
const SLICE_MS = 1
const PAGE_BYTES = 1024 * 1024
/** So soon it is tried again when the disk would not read. */
const RETRY_MS = 2000

export class OutputRevisions {
  readonly #ways: RevisionWays
  readonly #deps: RevisionDeps
  readonly #waiting = new Map<number, Waiting>()
  readonly #maxParts: number
  #parts = 0
  #bytes = 0
  #ranges: readonly RevisedRange[]
  readonly #timer: NodeJS.Timeout
  #isAtWork = false
  /** The first of those that are being completed, and have not been told. */
  #firstAtWork = Number.POSITIVE_INFINITY
  #isWaitedFor = false
  #restUntilMs = 0
  readonly #revised: Counter
  readonly #waitingParts: Gauge

  constructor(ways: RevisionWays, deps: RevisionDeps) {
    const { output, metrics } = deps
    this.#ways = ways
    this.#ranges = ways.before
    this.#deps = deps
    this.#maxParts = deps.maxParts ?? MAX_WAITING_PARTS
    this.#revised = metrics.counter(
      'phasorbus_pdc_revised_frames_total',
      'Frames of an output that were completed after their instant had gone.',
      { output },
    )
    this.#waitingParts = metrics.gauge(
      'phasorbus_pdc_waiting_late_frames',
      `Late frames of inputs that wait to complete frames of an output; at ${MAX_WAITING_PARTS}, or 64 MiB, nothing more is pulled.`,
      { output },
    )
    this.#timer = setInterval(() => this.#look(), TICK_MS)
  }

  /** Late parts that would be taken now. */
  get room(): number {
    const room = this.#bytes > MAX_WAITING_BYTES ? 0 : this.#maxParts - this.#parts
    if (room <= 0) this.#isWaitedFor = true
    return room
  }

  /** Frames that were completed. */
  get revised(): number {
    return this.#revised.value
  }

  /** The first instant that is to be completed; infinite: none is. */
  get firstSlot(): number {
    let first = this.#firstAtWork
    for (const slot of this.#waiting.keys()) if (slot < first) first = slot
    return first
  }

  add(slot: number, generation: Generation, part: LatePart): void {
    let waiting = this.#waiting.get(slot)
    if (!waiting) {
      waiting = { generation, parts: [], changedMs: 0 }
      this.#waiting.set(slot, waiting)
    }
    // Those that wait are put in by the configuration that is told of now.
    waiting.generation = generation
    waiting.parts.push(part)
    this.#bytes += bytesOf(part)
    waiting.changedMs = monotonicMs()
    this.#waitingParts.set(++this.#parts)
  }

  close(): void {
    clearInterval(this.#timer)
  }

  #look(): void {
    const nowMs = monotonicMs()
    if (this.#isAtWork || nowMs < this.#restUntilMs) return
    const ripe = this.#ripe(nowMs)
    if (ripe.length === 0) return
    this.#isAtWork = true
    this.#firstAtWork = ripe[0]!
    this.#complete(ripe)
      .catch((error: unknown) => {
        this.#restUntilMs = monotonicMs() + RETRY_MS
        this.#deps.log.warn({ output: this.#deps.output, error }, 'late frames wait: the journal could not be read')
      })
      .finally(() => {
        this.#isAtWork = false
        this.#firstAtWork = Number.POSITIVE_INFINITY
      })
  }

  /** The oldest that nothing came for lately, and those near it, of one generation; all are old enough where many wait. */
  #ripe(nowMs: number): readonly number[] {
    const isFull = this.#parts > this.#maxParts / 2 || this.#bytes > MAX_WAITING_BYTES / 2
    const isRipe = (slot: number, waiting: Waiting | undefined): boolean =>
      waiting !== undefined && (isFull || nowMs - waiting.changedMs >= QUIET_MS) && this.#deps.hasGone(slot)
    let first = Number.POSITIVE_INFINITY
    for (const [slot, waiting] of this.#waiting) if (slot < first && isRipe(slot, waiting)) first = slot
    const generation = this.#waiting.get(first)?.generation
    const slots: number[] = []
    for (let slot = first; slot < first + AT_ONCE; slot++) {
      const waiting = this.#waiting.get(slot)
      if (isRipe(slot, waiting) && waiting!.generation === generation) slots.push(slot)
    }
    return slots
  }

  async #complete(slots: readonly number[]): Promise<void> {
    const { grid } = this.#deps
    const { generation } = this.#waiting.get(slots[0]!)!
    const layout = layoutOf(generation.aggregate.configuration)
    const said = await this.#said(layout, slots)
    let revised = 0
    let [first, last] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
    this.#ways.journal.configuration(generation.aggregate.inForce)
    let sliceMs = monotonicMs()
    for (const slot of slots) {
      if (monotonicMs() - sliceMs > SLICE_MS) {
        await nextTurn()
        sliceMs = monotonicMs()
      }
      // More may have come while the journal was read.
      const { parts } = this.#waiting.get(slot)!
      this.#waiting.delete(slot)
      const before = said.get(slot)
      const growing = before ? generation.reopen(before) : generation.begin()
      let filled = 0
      for (const { name, configuration, content, bits } of parts) {
        const blocks = generation.blocksOf(name)
        if (blocks?.configuration === configuration) filled += generation.fill(growing, blocks, content, bits)
      }
      if (filled > 0) {
        const { soc, fraction } = grid.timeOf(slot)
        this.#ways.journal.data(generation.seal(growing, soc, fraction))
        revised++
        first = Math.min(first, slot)
        last = Math.max(last, slot)
      }
      this.#parts -= parts.length
      for (const part of parts) {
        this.#bytes -= bytesOf(part)
        part.done()
      }
    }
    this.#waitingParts.set(this.#parts)
    this.#revised.add(revised)
    if (this.#isWaitedFor && this.room > 0) {
      this.#isWaitedFor = false
      this.#deps.room()
    }
    if (revised > 0) this.#tell(Math.floor(grid.microsecondsOf(first)), Math.ceil(grid.microsecondsOf(last)) + 1)
  }

  /** What the journals have of these instants, in frames of these PMUs; the most complete. */
  async #said(layout: string, slots: readonly number[]): Promise<ReadonlyMap<number, Uint8Array>> {
    const { grid } = this.#deps
    const found = new Map<number, Uint8Array>()
    const fromUs = Math.floor(grid.microsecondsOf(slots[0]!) - grid.periodUs / 2)
    const toUs = Math.ceil(grid.microsecondsOf(slots.at(-1)!) + grid.periodUs / 2)
    for (const reader of this.#ways.readers()) {
      const here = new Map<number, Uint8Array>()
      const assembler = new ConfigurationAssembler()
      let isSame = false
      for (let cursor: string | undefined, more = reader !== undefined; more; more = cursor !== undefined) {
        const query = { fromUs, toUs, maxBytes: PAGE_BYTES, ...(cursor !== undefined && { cursor }) }
        const page = await reader!.read(query)
        cursor = page.cursor
        for (const frame of page.frames) {
          if (frameTypeOf(frame) !== FrameType.data) {
            const fragments = assembler.push(frame)
            if (fragments) isSame = layoutOf(decodeConfiguration(fragments)) === layout
          } else if (isSame) here.set(grid.slotOf(socOf(frame), fractionOf(frame)), frame)
        }
      }
      for (const [slot, frame] of here) if (!found.has(slot)) found.set(slot, frame)
    }
    return found
  }

  #tell(fromUs: number, toUs: number): void {
    // Greater than those of an earlier run.
    const number = Math.max(Math.floor(utcMs()), (this.#ranges.at(-1)?.number ?? 0) + 1)
    this.#ranges = [...this.#ranges, { number, from_us: fromUs, to_us: toUs }]
    const [oldest, next, ...others] = this.#ranges
    // Who is so far behind asks for both, and what is between them.
    if (this.#ranges.length > MAX_REVISED) this.#ranges = [joined(oldest!, next!), ...others]
    this.#ways.announce(this.#ranges)
  }
}

const bytesOf = ({ content }: LatePart): number =>
  content instanceof Uint8Array ? content.length : SAMPLE_BYTES + 8 * (content.phasors.length + content.analogs.length)
const SAMPLE_BYTES = 512

/** The same of configurations that differ by CFGCNT alone, and by when they were said. */
export const layoutOf = ({ pmus, timeBase }: Configuration): string =>
  JSON.stringify([timeBase, pmus.map(({ cfgcnt: _cfgcnt, ...pmu }) => pmu)])

const joined = (one: RevisedRange, next: RevisedRange): RevisedRange => ({
  number: next.number,
  from_us: Math.min(one.from_us, next.from_us),
  to_us: Math.max(one.to_us, next.to_us),
})
