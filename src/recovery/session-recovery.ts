/**
 * `recovery: session`: what a consumer missed comes out of the broker's
 * session, for publishers that have no journal.
 */
import { type BrokerConfig, type Bus, type Pace, type SessionLane, startSessionLane } from '../bus/index.ts'
import { monotonicMs } from '../runtime/clock.ts'
import type { Running, ServiceDeps } from '../runtime/service.ts'
import { filtersOverlap, matchesFilter } from '../streams/index.ts'
import type { Epoch } from './epochs.ts'
import { LaneReaders, SessionBus } from './session-bus.ts'
import { SessionEpochs } from './session-epochs.ts'
import { SessionLate } from './session-late.ts'

export interface SessionRecoveryConfig {
  /** Of several brokers the one that keeps the session: publishers must reach it, and it must keep what it took. */
  readonly broker: BrokerConfig
  /** The same in every run, and nobody else's. */
  readonly clientId: string
  /** Topics of streams, or filters over them. */
  readonly filters: readonly string[]
  /** Labels the metrics. */
  readonly consumer: string
  /** File with the configurations of the streams where the session is. Without it a restart takes what is retained. */
  readonly epochsFile?: string
  /** The bus has other brokers beside the session's: they bring what is live while the session's is away. */
  readonly standsIn?: boolean
  /** Streams followed at once. Default 20,000. */
  readonly maxStreams?: number
}

export interface SessionRecoveryDeps extends ServiceDeps {
  /** The process's own connection: for all that is not the streams' frames, and for these with `standsIn`. */
  readonly bus: Bus
  /** A frame of the backlog, CHK right, with the configuration of its place. `false`: not now; it is offered again. */
  readonly late: (stream: string, frame: Uint8Array, epoch: Epoch) => boolean
  readonly pace?: Pace
  /** Acknowledge nothing before `confirm`: for a consumer that stores. */
  readonly confirms?: boolean
  /** The broker has no session of ours, or none any more: of what was before this moment nothing will come. */
  readonly onForgotten?: () => void
  /** The backlog has come. */
  readonly onDrained?: () => void
}

export interface SessionRecovery extends Running {
  /** For the stream readers: what is live comes by the session's lanes. */
  readonly bus: Bus
  /** A backlog comes, or may. */
  readonly draining: boolean
  /** Whether what is missing by now may still come. */
  mayStillCome(nowMs: number): boolean
  /** All frames given on so far are safe. */
  confirm(): void
}

/** NATS sends again what was on its way when a connection was lost after half a minute (`ack_wait`). */
const SENT_AGAIN_MS = 35_000

export function startSessionRecovery(config: SessionRecoveryConfig, deps: SessionRecoveryDeps): SessionRecovery {
  const { consumer, broker, clientId, epochsFile, standsIn = false, maxStreams = 20_000 } = config
  const { signal, log, metrics, pace, confirms = false } = deps
  const lates: { readonly filters: readonly string[]; readonly late: SessionLate }[] = []
  const closes: (() => void)[] = []
  const bus = new SessionBus(deps.bus, {
    standsIn,
    onRetained(topic, payload) {
      const of = lates.find(({ filters }) => filters.some((filter) => matchesFilter(filter, topic)))
      of?.late.live(topic, payload)
    },
  })
  let drainedMs = monotonicMs()

  const lanes = groupsOf(config.filters).map((filters, index): SessionLane => {
    const own = (name: string): string => (index === 0 ? name : `${name}_${index}`)
    const epochs = new SessionEpochs(epochsFile === undefined ? undefined : own(epochsFile), log, maxStreams)
    const late = new SessionLate({ epochs, bus: deps.bus, consumer, metrics, clock: monotonicMs, give: deps.late })
    const readers = new LaneReaders(
      (error, topic) => log.error({ error, topic, consumer }, 'a message handler threw'),
      (topic, payload) => late.live(topic, payload),
    )
    bus.add(filters, readers)
    lates.push({ filters, late })
    closes.push(() => {
      late.close()
      epochs.close()
    })
    return startSessionLane(
      { broker, clientId: own(clientId), filters },
      {
        signal,
        log,
        metrics,
        ...(pace && { pace }),
        confirms,
        live: (topic, payload, retained) => {
          late.live(topic, payload)
          readers.deliver(topic, payload, retained)
        },
        late: (topic, payload) => late.late(topic, payload),
        passed: (topic, payload) => late.passed(topic, payload),
        onGranted: () => readers.granted(),
        onLost: () => readers.lost(),
        onForgotten: () => {
          epochs.restart()
          deps.onForgotten?.()
        },
        onDrained: () => {
          drainedMs = monotonicMs()
          deps.onDrained?.()
        },
      },
    )
  })
  const isDraining = (): boolean => lanes.some((lane) => lane.draining)

  return {
    bus,
    get draining() {
      return isDraining()
    },
    mayStillCome: (nowMs) => isDraining() || nowMs - drainedMs < SENT_AGAIN_MS,
    confirm() {
      for (const lane of lanes) lane.confirm()
    },
    done: Promise.all(lanes.map(({ done }) => done)).then(() => {
      for (const close of closes) close()
    }),
  }
}

/** Filters that overlap cannot share a session: brokers differ in how often one connection gets a message then. */
function groupsOf(filters: readonly string[]): string[][] {
  const groups: string[][] = []
  for (const filter of filters) {
    const group = groups.find((others) => others.every((other) => !filtersOverlap(other, filter)))
    if (group) group.push(filter)
    else groups.push([filter])
  }
  return groups
}
