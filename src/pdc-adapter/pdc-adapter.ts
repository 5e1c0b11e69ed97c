import { type Bus, StreamReader } from '../bus/index.ts'
import type { ServerConfig } from '../config/server.ts'
import { type Server, startServer } from '../link/index.ts'
import type { Running, ServiceDeps } from '../runtime/service.ts'
import { ServedStreams } from './served-streams.ts'

export interface PdcAdapterConfig {
  /** For logs and metrics. */
  readonly id: string
  /** Topics of streams, or filters over them; where they overlap, the first wins. */
  readonly streams: readonly string[]
  readonly server: ServerConfig
}

export interface PdcAdapterDeps extends ServiceDeps {
  readonly bus: Bus
}

export interface PdcAdapter extends Running {
  /** Resolves when PDCs can connect and the broker has granted the subscriptions; rejects when a port cannot be had. */
  readonly ready: Promise<void>
  readonly server: Server
}

/**
 * Is a PMU to legacy PDCs: serves streams from the bus, told apart by IDCODE.
 * A stream that appears on the bus is served from its first configuration on;
 * one that is retired is served no more.
 */
export function startPdcAdapter({ id, streams, server: config }: PdcAdapterConfig, deps: PdcAdapterDeps): PdcAdapter {
  const { signal, log, metrics, bus } = deps
  const server = startServer(config, { signal, log, metrics, server: id })
  const served = new ServedStreams(server, { id, log, metrics })
  const readers = streams.map((filter) => new StreamReader({ bus, filter, sink: served.sink() }, { log, metrics }))
  const ready = Promise.all([server.listening, ...readers.map(({ granted }) => granted)]).then(() => {})
  // Need not be looked at: a port that cannot be had rejects `done`, a refused subscription is in the log.
  ready.catch(() => {})

  return {
    server,
    ready,
    done: server.done.finally(() => {
      for (const reader of readers) reader.close()
    }),
  }
}
