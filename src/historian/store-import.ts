/**
 * Brings frames from elsewhere into a store that no historian runs on. They are
 * there once, however often they come; one that a historian expects and lacks
 * fills its gap, so that it is not asked for again. What is on disk is whole at
 * any moment: what was cut off is begun anew.
 */
import type { RecoverySettings } from '../config/recovery.ts'
import { timeUsOf } from '../recovery/index.ts'
import { utcMs } from '../runtime/clock.ts'
import { createMetrics } from '../runtime/metrics.ts'
import type { Log } from '../runtime/service.ts'
import type { DatabaseOptions } from './database.ts'
import { HistorianError } from './historian-error.ts'
import { HotWriter } from './hot-writer.ts'
import { KnownFrames } from './known-frames.ts'
import { Kind } from './schema.ts'
import { Sealer } from './sealer.ts'
import { Store } from './store.ts'
import { StoreHeld } from './store-held.ts'

export interface ImportedStream {
  /** Frames that are new. */
  added: number
  /** Of `added`, those that a historian lacked. */
  healed: number
  /** Frames that are stored already. */
  known: number
  /** Of a time that is stored with other bytes: kept beside it. */
  conflicts: number
  /** Of all of them; µs since the UNIX epoch. */
  fromUs: number
  /** Of the last frame. */
  toUs: number
}

export interface StoreImportOptions extends DatabaseOptions {
  readonly recovery: RecoverySettings
  readonly log: Log
  /** Frames that are hot: beyond it hours that have ended are sealed. Default 2,000,000. */
  readonly maxHotFrames?: number
}

/** Frames that wait to be written, in bytes. */
const MAX_WAITING_BYTES = 8 * 1024 * 1024
const MAX_HOT_FRAMES = 2_000_000

/** For logs. */
const IMPORT = 'import'

export class StoreImport {
  readonly store: Store
  readonly streams = new Map<string, ImportedStream>()
  readonly #held: StoreHeld
  readonly #writer: HotWriter
  readonly #sealer: Sealer
  readonly #known: KnownFrames
  readonly #maxHotFrames: number
  #hotFrames = 0

  private constructor(store: Store, held: StoreHeld, writer: HotWriter, sealer: Sealer, maxHotFrames: number) {
    this.#maxHotFrames = maxHotFrames
    this.store = store
    this.#held = held
    this.#writer = writer
    this.#sealer = sealer
    this.#known = new KnownFrames(store, () => this.#flush())
  }

  /** Throws HistorianError, also where a historian runs on this store. */
  static async open(
    folder: string,
    { recovery, log, maxHotFrames = MAX_HOT_FRAMES, ...options }: StoreImportOptions,
  ): Promise<StoreImport> {
    const store = await Store.open(folder, options)
    try {
      const held = await StoreHeld.open(store, recovery, log)
      const deps = { log, historian: IMPORT }
      const snapshot = (): ReturnType<StoreHeld['snapshot']> => held.snapshot(true)
      const sealer = await Sealer.open(store, { ...deps, quietBatches: 0 })
      await sealer.tidy()
      const writer = await HotWriter.open(store, { ...deps, metrics: createMetrics(), held: snapshot })
      return new StoreImport(store, held, writer, sealer, maxHotFrames)
    } catch (error) {
      await store.close()
      throw error
    }
  }

  /** A data frame of the configuration whose frames these are. It is copied. */
  async add(topic: string, fragments: readonly Uint8Array[], frame: Uint8Array): Promise<void> {
    if (this.#writer.batch.bytes > MAX_WAITING_BYTES) await this.#flush()
    const timeUs = timeUsOf(frame, this.#epochOf(topic, fragments).configuration.timeBase)
    const tally = this.#tallyOf(topic, timeUs)
    const met = await this.#known.meet(topic, timeUs, frame)
    if (met === 'same') {
      tally.known++
      return
    }
    // Only now: what was looked up may have begun another batch.
    const { stream, number, configuration } = this.#epochOf(topic, fragments)
    const ledger = this.#held.ledger(topic)
    // Of one time may also be the frames of a second that was inserted.
    const isHealed = ledger.bring(frame, configuration, utcMs() * 1000)
    const isConflict = met === 'other' && !isHealed
    if (isConflict && ledger.beganUs !== undefined) ledger.noteConflict()
    const kind = isHealed ? Kind.late : isConflict ? Kind.conflict : Kind.imported
    this.#writer.batch.add(stream, number, timeUs, kind, Uint8Array.from(frame))
    this.#held.took(topic)
    this.#hotFrames++
    if (isConflict) tally.conflicts++
    else tally.added++
    if (isHealed) tally.healed++
  }

  /** All that was added is on disk, and hours that have ended are sealed, until the signal aborts; `sealing`: told which part is. Then closes the store. */
  async finish(signal?: AbortSignal, sealing?: (part: number) => void): Promise<void> {
    try {
      await this.#flush()
      await this.#seal(signal, sealing)
    } finally {
      await this.close()
    }
  }

  /** What was added is on disk. */
  async close(): Promise<void> {
    try {
      await this.#writer.close()
    } finally {
      this.#sealer.close()
      await this.store.close()
    }
  }

  #epochOf(topic: string, fragments: readonly Uint8Array[]) {
    const { batch } = this.#writer
    return this.store.epochOf(this.store.numberOf(topic, batch), fragments, utcMs() * 1000, batch)
  }

  #tallyOf(topic: string, timeUs: number): ImportedStream {
    let tally = this.streams.get(topic)
    if (!tally) {
      tally = { added: 0, healed: 0, known: 0, conflicts: 0, fromUs: timeUs, toUs: timeUs }
      this.streams.set(topic, tally)
    }
    tally.fromUs = Math.min(tally.fromUs, timeUs)
    tally.toUs = Math.max(tally.toUs, timeUs)
    return tally
  }

  async #flush(): Promise<void> {
    try {
      await this.#writer.flush()
    } catch (error) {
      const { folder } = this.store
      const cause = error instanceof Error ? error.message : String(error)
      const what = `the store in ${folder} cannot be written: ${cause}`
      throw new HistorianError({ code: 'HISTORIAN_UNUSABLE', folder, cause }, what, { cause: error })
    }
    if (this.#hotFrames >= this.#maxHotFrames) await this.#seal()
  }

  async #seal(signal?: AbortSignal, progress?: (part: number) => void): Promise<void> {
    this.#hotFrames = 0
    await this.#sealer.seal(utcMs() * 1000, signal, progress)
    await this.#sealer.forgetHeld()
  }
}
