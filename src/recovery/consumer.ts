import { type Bus, StreamReader } from '../bus/index.ts'
import type { RecoverySettings } from '../config/recovery.ts'
import { aborted } from '../runtime/aborted.ts'
import type { Running, ServiceDeps } from '../runtime/service.ts'
import type { Account } from '../streams/index.ts'
import type { ConsumerSink } from './consumer-sink.ts'
import { ConsumerStreams } from './consumer-streams.ts'
import type { HeldStore } from './held-store.ts'
import { NoRemedy } from './no-remedy.ts'
import type { Remedy, RemedyHooks } from './remedy.ts'
import { ReplayRemedy } from './replay-remedy.ts'
import { SessionRemedy, type SessionSettings } from './session-remedy.ts'

/** How often slots are closed by the clock, and gaps are looked for. */
const TICK_MS = 100

export interface ConsumerConfig {
  /** For logs and metrics. */
  readonly id: string
  /** Topics of streams, or filters over them; where they overlap, the first wins. */
  readonly streams: readonly string[]
  readonly recovery: RecoverySettings
  /** A request to a journal of which nothing came for so long is made again, of another one first. Default 5,000. */
  readonly pullTimeoutMs?: number
  /** Why gaps that nothing fills are lost, with `recovery.mode` none. */
  readonly lostBecause?: 'no-recovery' | 'live-only'
}

export interface ConsumerDeps extends ServiceDeps {
  readonly bus: Bus
  /** A connection of its own for what is replayed, so that it never stands before what is live. Default: `bus`. */
  readonly replayBus?: Bus
  readonly sink: ConsumerSink
  /** With `recovery.mode` session: where it is. Without it gaps stay. */
  readonly session?: SessionSettings
  /** Where it is kept what is held, over restarts. */
  readonly held?: HeldStore
}

export interface Consumer extends Running {
  /** Resolves when the broker has granted the subscriptions; rejects when it refuses one. */
  readonly ready: Promise<void>
  /** The sink has room for late frames of this stream, that it did not have before; without one, of all streams. */
  room(stream?: string): void
  /** What the sink kept has gone where it should; its time in µs. */
  delivered(stream: string, timeUs: number, as: 'live' | 'late'): void
  /** What the sink took or kept did not get there after all: that timestamp is pending again. */
  release(stream: string, timeUs: number, as: 'live' | 'late'): void
  /** The sink waits with frames until those before them are there: whether any between these times still may come. */
  pendingBetween(stream: string, afterUs: number, beforeUs: number): boolean
  /** Nothing of this stream before it, in µs, comes any more, nor is completed by a PDC; `undefined` before its first frame, minus infinity as long as the PDC has not said. */
  finalUs(stream: string): number | undefined
  /** What became of every timestamp, by stream. */
  accounts(): ReadonlyMap<string, Account>
}

/**
 * Reads streams from the bus so that every timestamp comes once, or is
 * accounted for: live frames at once, gaps from the producers' journals, as
 * fast as the live frames allow.
 */
export function startConsumer(config: ConsumerConfig, deps: ConsumerDeps): Consumer {
  const { signal, log, metrics, sink, held } = deps
  let remedyDone: Promise<void> | undefined
  const remedyOf = (hooks: RemedyHooks): Remedy => {
    const { id: consumer, streams: filters, recovery, lostBecause = 'no-recovery', pullTimeoutMs = 5000 } = config
    const { bus, replayBus = bus, session } = deps
    if (recovery.mode === 'replay') {
      return new ReplayRemedy(recovery, { signal, log, metrics, consumer, bus, replayBus, pullTimeoutMs, hooks })
    }
    if (recovery.mode === 'none' || !session) return new NoRemedy(bus, hooks, lostBecause)
    const remedy = new SessionRemedy(session, { signal, log, metrics, consumer, filters, bus, hooks })
    remedyDone = remedy.done
    return remedy
  }
  const streams = new ConsumerStreams({
    consumer: config.id,
    ledger: config.recovery,
    sink,
    held,
    metrics,
    remedy: remedyOf,
  })
  const { bus } = streams.remedy
  const readers = config.streams.map(
    (filter) => new StreamReader({ bus, filter, sink: streams.sink() }, { log, metrics }),
  )
  const ready = Promise.all(readers.map(({ granted }) => granted)).then(() => {})
  // Need not be looked at: a refused subscription is in the log.
  ready.catch(() => {})
  const timer = setInterval(() => streams.tick(), TICK_MS)

  return {
    ready,
    done: Promise.all([aborted(signal), remedyDone])
      .then(() => {})
      .finally(() => {
        clearInterval(timer)
        for (const reader of readers) reader.close()
        streams.remedy.close()
        held?.flush()
      }),
    room(topic) {
      const stream = topic === undefined ? undefined : streams.streams.get(topic)
      const all = topic === undefined ? streams.streams.values() : stream ? [stream] : []
      for (const one of all) streams.remedy.room(one)
    },
    delivered: (stream, timeUs, as) => held?.took(stream, timeUs, as),
    release: (stream, timeUs, as) => streams.release(stream, timeUs, as),
    finalUs: (stream) => streams.finalUs(stream),
    pendingBetween: (stream, afterUs, beforeUs) => streams.pendingBetween(stream, afterUs, beforeUs),
    accounts: () => streams.accounts(),
  }
}
