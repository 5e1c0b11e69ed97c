import { type Bus, StreamReader } from '../bus/index.ts'
import { LateSettings, type RecoverySettings } from '../config/recovery.ts'
import type { ServerConfig } from '../config/server.ts'
import { type Server, startServer } from '../link/index.ts'
import { type Consumer, type HeldStore, type SessionSettings, startConsumer } from '../recovery/index.ts'
import type { Running, ServiceDeps } from '../runtime/service.ts'
import type { Account } from '../streams/index.ts'
import { HealedStreams } from './healed-streams.ts'
import { LANE_TICK_MS } from './late-lane.ts'
import { ServedStreams } from './served-streams.ts'

export interface PdcAdapterConfig {
  /** For logs and metrics. */
  readonly id: string
  /** Topics of streams, or filters over them; where they overlap, the first wins. */
  readonly streams: readonly string[]
  readonly server: ServerConfig
  /** How gaps are filled. Without it none are looked for. */
  readonly recovery?: RecoverySettings
  /** What PDCs get of frames after their moment. Default: live first. */
  readonly late?: LateSettings
}

export interface PdcAdapterDeps extends ServiceDeps {
  readonly bus: Bus
  /** A connection of its own for what is replayed. Default: `bus`. */
  readonly replayBus?: Bus
  /** With `recovery.mode` session: where it is. */
  readonly session?: SessionSettings
  /** Keeps what PDCs got over restarts. Without it a restart begins at its first live frames. */
  readonly held?: HeldStore
}

export interface PdcAdapter extends Running {
  /** Resolves when PDCs can connect and the broker has granted the subscriptions; rejects when a port cannot be had. */
  readonly ready: Promise<void>
  readonly server: Server
  /** What became of every timestamp, by stream; of none without recovery. */
  accounts(): ReadonlyMap<string, Account>
}

/**
 * Is a PMU to legacy PDCs: serves streams from the bus, told apart by IDCODE.
 * A stream that appears on the bus is served from its first configuration on;
 * one that is retired is served no more. A frame is held when a PDC took it:
 * what came while none was there is sent to the one that comes.
 */
export function startPdcAdapter(config: PdcAdapterConfig, deps: PdcAdapterDeps): PdcAdapter {
  const { id } = config
  const { signal, log, metrics, held } = deps
  const server = startServer(config.server, {
    signal,
    log,
    metrics,
    server: id,
    // A kill in between then leaves what may be lost in a socket, and nothing that comes twice.
    ...(held && { beforeSend: () => held.flush() }),
  })
  const served = new ServedStreams(server, { id, log, metrics })
  const input = config.recovery
    ? healed(config, { ...deps, served, recovery: config.recovery })
    : read(config, { ...deps, served })
  const ready = Promise.all([server.listening, input.ready]).then(() => {})
  // Need not be looked at: a port that cannot be had rejects `done`, a refused subscription is in the log.
  ready.catch(() => {})
  return {
    server,
    ready,
    accounts: () => input.consumer?.accounts() ?? new Map(),
    done: Promise.all([server.done, input.consumer?.done])
      .then(() => {})
      .finally(() => input.close()),
  }
}

interface Input {
  readonly ready: Promise<unknown>
  readonly consumer?: Consumer
  close(): void
}

type InputDeps = PdcAdapterDeps & { readonly served: ServedStreams }

/** Live frames, and no question about the others. */
function read({ streams }: PdcAdapterConfig, { bus, log, metrics, served }: InputDeps): Input {
  const readers = streams.map((filter) => new StreamReader({ bus, filter, sink: served.sink() }, { log, metrics }))
  return {
    ready: Promise.all(readers.map(({ granted }) => granted)),
    close() {
      for (const reader of readers) reader.close()
    },
  }
}

/** Every timestamp, or what became of it. */
function healed(
  { id, streams, late = LateSettings.parse({}) }: PdcAdapterConfig,
  { served, recovery, ...deps }: InputDeps & { readonly recovery: RecoverySettings },
): Input {
  const healing = new HealedStreams(served, late, { id, metrics: deps.metrics })
  const isLiveOnly = late.policy === 'live-only'
  const consumer = startConsumer(
    {
      id,
      streams,
      recovery: isLiveOnly ? { ...recovery, mode: 'none' } : recovery,
      ...(isLiveOnly ? { lostBecause: 'live-only' } : {}),
    },
    { ...deps, sink: healing.sink },
  )
  healing.healedBy(consumer)
  const timer = setInterval(() => healing.tick(), LANE_TICK_MS)
  return { ready: consumer.ready, consumer, close: () => clearInterval(timer) }
}
