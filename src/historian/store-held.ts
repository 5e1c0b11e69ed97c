import type { HeldStore } from '../recovery/index.ts'
import { monotonicMs } from '../runtime/clock.ts'
import type { Log } from '../runtime/service.ts'
import {
  type AbsentRange,
  type Lane,
  type LedgerArchive,
  LedgerError,
  type LedgerSettings,
  StreamLedger,
} from '../streams/index.ts'
import type { ArchivedStretch } from './archived-stretches.ts'
import type { Batch } from './batch.ts'
import { Kind } from './schema.ts'
import { bytesOf } from './sql.ts'
import type { Store } from './store.ts'

/** What is held is written down so often; what came since is read from the frames. */
const SNAPSHOT_MS = 10_000
/** Stretches of a stream that wait to be written; while the disk fails, what is more is only in the sums of the account. */
const MAX_ARCHIVED = 65_536

/**
 * Of which timestamps a store has frames. The ledgers go into the store now and
 * then, in the transaction of the frames that they know of; frames that came
 * after are in the store themselves. What else was said in the last seconds
 * before a crash is asked of the journals again.
 */
export class StoreHeld implements HeldStore {
  readonly #store: Store
  readonly #settings: Partial<LedgerSettings>
  readonly #ledgers = new Map<string, StreamLedger>()
  readonly #changed = new Set<string>()
  /** What ledgers have let go of, and is not on disk. */
  readonly #archived = new Map<string, ArchivedStretch[]>()
  #snapshotMs = 0

  private constructor(store: Store, settings: Partial<LedgerSettings>) {
    this.#store = store
    this.#settings = settings
  }

  static async open(store: Store, settings: Partial<LedgerSettings>, log: Log): Promise<StoreHeld> {
    const held = new StoreHeld(store, settings)
    await held.#load(log)
    return held
  }

  /** To be written with the frames that were taken up to now; `isLast`: without waiting for its time. */
  snapshot(isLast = false): Batch['held'] {
    const nowMs = monotonicMs()
    if (this.#changed.size === 0 || (!isLast && nowMs - this.#snapshotMs < SNAPSHOT_MS)) return []
    this.#snapshotMs = nowMs
    const topics = [...this.#changed]
    this.#changed.clear()
    return topics.flatMap((topic) => {
      const ledger = this.#ledgers.get(topic)
      const stream = this.#store.find(topic)
      if (!ledger || stream === undefined) return []
      const archived = this.archivedOf(topic)
      this.#archived.delete(topic)
      return [{ stream, ledger: ledger.encode(), archived }]
    })
  }

  /** Without making one. */
  find(topic: string): StreamLedger | undefined {
    return this.#ledgers.get(topic)
  }

  /** What the ledger has let go of since the last snapshot. */
  archivedOf(topic: string): readonly ArchivedStretch[] {
    return this.#archived.get(topic) ?? []
  }

  ledger(topic: string): StreamLedger {
    let ledger = this.#ledgers.get(topic)
    if (!ledger) {
      ledger = new StreamLedger(this.#settings, this.#archiveOf(topic))
      this.#ledgers.set(topic, ledger)
    }
    return ledger
  }

  took(topic: string): void {
    this.#changed.add(topic)
  }

  kept(topic: string): void {
    this.#changed.add(topic)
  }

  released(topic: string): void {
    this.#changed.add(topic)
  }

  gaveUp(topic: string): void {
    this.#changed.add(topic)
  }

  absent(topic: string, _ranges: readonly AbsentRange[]): void {
    this.#changed.add(topic)
  }

  reopened(topic: string): void {
    this.#changed.add(topic)
  }

  retired(topic: string): void {
    this.ledger(topic).retire()
    this.#changed.add(topic)
  }

  /** Batches are written by themselves. */
  flush(): void {}

  #archiveOf(topic: string): LedgerArchive {
    const add = (stretch: ArchivedStretch): void => {
      const all = this.#archived.get(topic)
      if (!all) this.#archived.set(topic, [stretch])
      else if (all.length < MAX_ARCHIVED) all.push(stretch)
      this.#changed.add(topic)
    }
    return { expected: (stretch) => add({ ...stretch, why: 'expected', reason: '' }), missing: add }
  }

  async #load(log: Log): Promise<void> {
    const { reader } = this.#store
    for (const [stream, blob] of await reader.rows('select stream, arg_max(ledger, batch) from held group by stream')) {
      const topic = this.#store.topicOf(Number(stream))
      try {
        this.#ledgers.set(
          topic,
          StreamLedger.decode(Uint8Array.from(bytesOf(blob)), this.#settings, this.#archiveOf(topic)),
        )
      } catch (error) {
        if (!(error instanceof LedgerError)) throw error
        log.error(
          { stream: topic, error },
          'what was held of a stream cannot be read: it is read from the frames that are hot',
        )
      }
    }
    for await (const page of reader.pages(
      `select stream, epoch, time_us, kind from frames where kind in (${Kind.live}, ${Kind.late})
       and batch > coalesce((select max(batch) from held where held.stream = frames.stream), 0) order by time_us`,
    )) {
      for (const [stream, epoch, timeUs, kind] of page) {
        const topic = this.#store.topicOf(Number(stream))
        const { configuration } = this.#store.epoch(Number(epoch))
        const lane: Lane = kind === Kind.live ? 'live' : 'late'
        this.ledger(topic).restore(Number(timeUs), lane, configuration)
        this.#changed.add(topic)
      }
    }
  }
}
