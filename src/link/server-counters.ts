import type { Counter, Gauge, Metrics } from '../runtime/service.ts'

/** Why a server gave a connection, a command or a request nothing. Labels of metrics; never renamed. */
export type Refusal =
  | 'address-not-allowed'
  | 'too-many-clients'
  | 'too-many-clients-of-address'
  | 'junk'
  | 'no-command'
  | 'idle'
  | 'foreign-idcode'
  | 'not-a-command'
  | 'extended-command'
  | 'user-command'
  | 'unknown-command'
  | 'too-many-frames'
  | 'too-many-requests'
  | 'not-available'

/** What one server counts. */
export class ServerCounters {
  readonly slowDisconnects: Counter
  readonly configurationDisconnects: Counter
  readonly sendErrors: Counter
  readonly #metrics: Metrics
  readonly #server: string
  readonly #clients: Gauge
  /** By the way they come in. */
  readonly #clientsOf = new Map<object, number>()
  readonly #refusals = new Map<string, Counter>()
  readonly #commands = new Map<string, Counter>()
  readonly #junk = new Map<string, Counter>()

  constructor(metrics: Metrics, server: string) {
    this.#metrics = metrics
    this.#server = server
    this.#clients = metrics.gauge('phasorbus_serve_clients', 'clients connected, or known over UDP', { server })
    const disconnects = (reason: string): Counter =>
      metrics.counter('phasorbus_serve_disconnects_total', 'connections we closed', { server, reason })
    this.slowDisconnects = disconnects('slow')
    this.configurationDisconnects = disconnects('configuration-changed')
    this.sendErrors = metrics.counter('phasorbus_serve_send_errors_total', 'datagrams the system refused', { server })
  }

  /** How many clients one of the server's listeners has now; the gauge has the sum of all. */
  clients(listener: object, count: number): void {
    this.#clientsOf.set(listener, count)
    let sum = 0
    for (const each of this.#clientsOf.values()) sum += each
    this.#clients.set(sum)
  }

  refuse(reason: Refusal): void {
    this.#of(this.#refusals, 'phasorbus_serve_refused_total', 'connections, commands and requests refused', { reason })
  }

  command(command: string): void {
    this.#of(this.#commands, 'phasorbus_serve_commands_total', 'commands to a stream of ours', { command })
  }

  junk(bytes: number, reason: string): void {
    const help = 'bytes from clients that belong to no good frame'
    this.#of(this.#junk, 'phasorbus_serve_discarded_bytes_total', help, { reason }, bytes)
  }

  /** Frames of one stream to one kind of way out. */
  ofStream(idcode: number): StreamCounters {
    const labels = { server: this.#server, idcode: String(idcode) }
    return {
      sent: this.#metrics.counter('phasorbus_serve_frames_total', 'data frames given to clients', labels),
      dropped: this.#metrics.counter(
        'phasorbus_serve_dropped_frames_total',
        'data frames that a slow client did not get',
        labels,
      ),
    }
  }

  #of(bound: Map<string, Counter>, name: string, help: string, labels: Record<string, string>, count = 1): void {
    const key = Object.values(labels).join(' ')
    let counter = bound.get(key)
    if (!counter) {
      counter = this.#metrics.counter(name, help, { server: this.#server, ...labels })
      bound.set(key, counter)
    }
    counter.add(count)
  }
}

export interface StreamCounters {
  readonly sent: Counter
  readonly dropped: Counter
}
