/**
 * Keeps every frame of the streams it is given: a consumer that wants
 * everything, over a store of its own. What it took is on disk within a second;
 * when the disk does not follow, it takes nothing, and what it missed heals.
 */
import type { Bus } from '../bus/index.ts'
import type { RecoverySettings } from '../config/recovery.ts'
import { type Consumer, type SessionSettings, startConsumer, timeUsOf } from '../recovery/index.ts'
import { aborted } from '../runtime/aborted.ts'
import { utcMs } from '../runtime/clock.ts'
import type { Running, ServiceDeps } from '../runtime/service.ts'
import type { Account } from '../streams/index.ts'
import { type Completeness, type CompletenessQuery, completenessOf, type LedgerView } from './completeness.ts'
import { type Events, type EventsQuery, eventsOf } from './events.ts'
import { HotWriter } from './hot-writer.ts'
import { type Latest, LatestFrames } from './latest.ts'
import { Kind } from './schema.ts'
import { keptSinceUs, Sealer } from './sealer.ts'
import type { Epoch, Store } from './store.ts'
import { StoreHeld } from './store-held.ts'
import type { Tier } from './tiers.ts'

export interface HistorianConfig {
  /** For logs and metrics. */
  readonly id: string
  /** Topics of streams, or filters over them. */
  readonly streams: readonly string[]
  readonly recovery: RecoverySettings
  /** So long after an hour has ended it is sealed. */
  readonly sealAfterMs: number
  /** Without a number: for ever. */
  readonly keepDays: Readonly<Partial<Record<Tier, number>>>
}

export interface HistorianDeps extends ServiceDeps {
  readonly bus: Bus
  /** A connection of its own for what is replayed. Default: `bus`. */
  readonly replayBus?: Bus
  readonly session?: SessionSettings
  readonly store: Store
}

export interface Historian extends Running {
  /** Resolves when the broker has granted the subscriptions. */
  readonly ready: Promise<void>
  readonly store: Store
  accounts(): ReadonlyMap<string, Account>
  /** The newest of a stream, or of all. Throws HistorianError. */
  latest(topic?: string): readonly Latest[]
  /** What is there of a stream in a period, and why not all. Throws HistorianError. */
  completeness(query: CompletenessQuery, signal?: AbortSignal): Promise<Completeness>
  /** What was striking in a period, of a stream or of all. Throws HistorianError. */
  events(query: EventsQuery, signal?: AbortSignal): Promise<Events>
  /** Resolves when all that it took so far is on disk. */
  flush(): Promise<void>
}

const SEAL_LOOK_MS = 10_000

/** Late frames that are taken at once. */
const LATE_ROOM = 5000

/** Owns the store from here on, and closes it. */
export async function startHistorian(
  { id, streams, recovery, sealAfterMs, keepDays }: HistorianConfig,
  { store, ...deps }: HistorianDeps,
): Promise<Historian> {
  const { signal, log, metrics } = deps
  const held = await StoreHeld.open(store, recovery, log)
  let isEnding = false
  const writer = await HotWriter.open(store, {
    log,
    metrics,
    historian: id,
    held: () => held.snapshot(isEnding),
    room: () => consumer.room(),
  })
  const sealer = await Sealer.open(store, { log, historian: id })
  await sealer.tidy()
  const latest = await LatestFrames.open(store)
  const inForce = new Map<string, readonly Uint8Array[]>()

  const epochOf = (topic: string, fragments: readonly Uint8Array[]): Epoch => {
    const stream = store.numberOf(topic, writer.batch)
    return store.epochOf(stream, fragments, utcMs() * 1000, writer.batch)
  }
  const add = (topic: string, frame: Uint8Array, fragments: readonly Uint8Array[] | undefined, kind: Kind): boolean => {
    if (!fragments || writer.isFull) return false
    const epoch = epochOf(topic, fragments)
    const { stream, number, configuration } = epoch
    const timeUs = timeUsOf(frame, configuration.timeBase)
    writer.batch.add(stream, number, timeUs, kind, frame, utcMs() * 1000)
    if (kind === Kind.live) latest.note(stream, epoch, timeUs, frame)
    return true
  }
  const consumer: Consumer = startConsumer(
    { id, streams, recovery },
    {
      ...deps,
      held,
      sink: {
        configuration(topic, fragments) {
          inForce.set(topic, fragments)
          epochOf(topic, fragments)
        },
        live: (topic, frame) => add(topic, frame, inForce.get(topic), Kind.live),
        outside(topic, frame) {
          add(topic, frame, inForce.get(topic), Kind.outside)
        },
        conflict(topic, frame, fragments = inForce.get(topic)) {
          add(topic, frame, fragments, Kind.conflict)
        },
        late: (topic, frame, fragments) => add(topic, frame, fragments, Kind.late),
        revised: (topic, frame, fragments) => add(topic, frame, fragments, Kind.revision),
        lateRoom: () => (writer.isFullForLate ? 0 : LATE_ROOM),
        retired(topic) {
          inForce.delete(topic)
        },
      },
    },
  )

  let sealing: Promise<unknown> = Promise.resolve()
  let isSealing = false
  const seal = (): void => {
    if (isSealing) return
    isSealing = true
    sealing = sealer
      .seal((utcMs() - sealAfterMs) * 1000, signal)
      .then(async (files) => {
        if (files > 0) log.info({ historian: id, files }, 'sealed what has ended')
        await sealer.forgetHeld()
        const gone = await sealer.expire(utcMs() * 1000, keepDays)
        if (gone > 0) log.info({ historian: id, files: gone }, 'forgot what need not be kept any longer')
      })
      .catch((error: unknown) =>
        log.error({ historian: id, error }, 'an hour could not be sealed: it stays hot, and is tried again'),
      )
      .finally(() => {
        isSealing = false
      })
  }
  const timer = setInterval(seal, SEAL_LOOK_MS)

  const ledgerView = (topic: string): LedgerView => {
    const { written, writing } = writer.archivedOf(store.streamOf(topic))
    return {
      ledger: held.find(topic),
      archived: [...writing, ...held.archivedOf(topic)],
      batch: written,
      sinceUs: keptSinceUs(utcMs() * 1000, keepDays),
    }
  }

  const end = async (): Promise<void> => {
    clearInterval(timer)
    isEnding = true
    await consumer.done
    await sealing
    try {
      await writer.close()
    } catch (error) {
      log.error({ historian: id, error }, 'what came last could not be written: it is asked for again')
    }
    sealer.close()
    await store.close()
  }
  return {
    ready: consumer.ready,
    done: aborted(signal).then(end),
    store,
    accounts: () => consumer.accounts(),
    latest: (topic) => latest.of(topic),
    completeness: async (query, signal) => completenessOf(store, query, ledgerView(query.topic), signal),
    events: (query, signal) => eventsOf(store, query, ledgerView, signal),
    flush: () => writer.flush(),
  }
}
