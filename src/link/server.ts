import { setMaxListeners } from 'node:events'
import type { Endpoint, ServerConfig } from '../config/server.ts'
import { describeEndpoint } from '../config/server.ts'
import { aborted } from '../runtime/aborted.ts'
import type { Running, ServiceDeps } from '../runtime/service.ts'
import { LinkError } from './link-error.ts'
import type { ClientStatus, Listener, ServerAddress } from './listener.ts'
import { SendTurn } from './send-turn.ts'
import type { Streams } from './served-client.ts'
import { ServedStream, type StreamFate, type StreamOutput } from './served-stream.ts'
import { ServerCounters } from './server-counters.ts'
import { openSpontaneousOutput } from './spontaneous-output.ts'
import { openTcpListener } from './tcp-listener.ts'
import { openUdpListener } from './udp-listener.ts'

export interface ServerDeps extends ServiceDeps {
  /** Name of the server in metrics and logs; by default where it listens. */
  readonly server?: string
  /** Called before the data frames given in a turn of the event loop leave; by then all of them were given. */
  readonly beforeSend?: () => void
}

export interface ServerStatus extends ServerAddress {
  readonly clients: readonly ClientStatus[]
}

export interface Server extends Running {
  /** Resolves when PDCs can connect; rejects if a port cannot be had. */
  readonly listening: Promise<void>
  /** Where the first of `listen` is, with the port the system chose; from `listening` on. */
  readonly address: ServerAddress
  readonly addresses: readonly ServerAddress[]
  /**
   * Adds a stream, told apart by its IDCODE. Throws LINK_IDCODE_TAKEN. May be
   * called before `listening`. `fate` is told of frames that had to wait.
   */
  stream(idcode: number, fate?: StreamFate): StreamOutput
  /** Streams served now. */
  readonly idcodes: readonly number[]
  status(): readonly ServerStatus[]
}

/** Serves streams to PDCs: we are the PMU. */
export function startServer(config: ServerConfig, deps: ServerDeps): Server {
  const { signal, log } = deps
  // Many servers share the signal of one process: that is no leak.
  setMaxListeners(0, signal)
  const name = deps.server ?? config.listen.map(describeEndpoint).join(' ')
  const counters = new ServerCounters(deps.metrics, name)
  const turn = new SendTurn(deps.beforeSend)
  const streams = new Map<number, ServedStream>()
  const listeners: Listener[] = []

  const open = async (): Promise<void> => {
    for (const endpoint of config.listen) {
      const listener = await openListener(endpoint, config, streams, counters, turn)
      listeners.push(listener)
      for (const stream of streams.values()) listener.streamAdded(stream)
      log.info({ server: name, ...listener.address }, 'listening')
    }
  }
  const close = async (): Promise<void> => {
    await Promise.all(listeners.map((listener) => listener.close()))
  }
  const listening = open()
  const done = listening.then(() => aborted(signal)).finally(close)
  // Whoever looks at `done` sees the same rejection.
  listening.catch(() => {})

  const removeStream = (stream: ServedStream): void => {
    if (streams.get(stream.idcode) !== stream) return
    streams.delete(stream.idcode)
    for (const listener of listeners) listener.streamRemoved(stream)
  }

  return {
    done,
    listening,
    get address() {
      const [first] = listeners
      if (!first) throw new Error('a server has its address once it is listening')
      return first.address
    },
    get addresses() {
      return listeners.map(({ address }) => address)
    },
    stream(idcode, fate) {
      if (streams.has(idcode)) {
        throw new LinkError({ code: 'LINK_IDCODE_TAKEN', idcode }, `IDCODE ${idcode} is served already at ${name}`)
      }
      const stream: ServedStream = new ServedStream(idcode, counters, {
        fate,
        onClose: () => removeStream(stream),
        onConfiguration(changed) {
          for (const listener of listeners) listener.configurationChanged(changed)
        },
      })
      streams.set(idcode, stream)
      for (const listener of listeners) listener.streamAdded(stream)
      return stream
    },
    get idcodes() {
      return [...streams.keys()]
    },
    status: () => listeners.map((listener) => ({ ...listener.address, clients: listener.clients() })),
  }
}

function openListener(
  endpoint: Endpoint,
  config: ServerConfig,
  streams: Streams,
  counters: ServerCounters,
  turn: SendTurn,
): Promise<Listener> {
  switch (endpoint.kind) {
    case 'tcp':
    case 'tcp+udp':
      return openTcpListener(endpoint, config, streams, counters, turn)
    case 'udp':
      return openUdpListener(endpoint, config, streams, counters, turn)
    case 'udp-spontaneous':
      return openSpontaneousOutput(endpoint, config, streams, counters, turn)
  }
}
