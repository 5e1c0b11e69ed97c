/** The lane beside a session: a connection without one, there for as long as the session is behind. */
import { deferred } from '../runtime/deferred.ts'
import type { Log } from '../runtime/service.ts'
import type { MessageHandler } from './bus.ts'
import { MqttConnection } from './mqtt-connection.ts'
import type { NearestFirst } from './nearest-first.ts'
import type { SessionLaneConfig } from './session-lane-options.ts'
import { SubscriptionEntry } from './subscriptions.ts'

export interface LiveLaneDeps {
  readonly log: Log
  readonly choice: NearestFirst
  readonly message: MessageHandler
  /** All filters are granted: on the first connection, and on each that follows it. */
  readonly onGranted: () => void
  readonly onLost: () => void
}

export class LiveLane {
  readonly #config: SessionLaneConfig
  readonly #deps: LiveLaneDeps
  #run: LiveRun | undefined
  #lost = deferred()
  readonly #ending = new Set<Promise<void>>()

  constructor(config: SessionLaneConfig, deps: LiveLaneDeps) {
    this.#config = config
    this.#deps = deps
  }

  get isGranted(): boolean {
    return this.#run?.isGranted ?? false
  }

  /** There is a lane from here on. Resolves when it brings what is live; rejects when the broker refuses a filter. */
  begin(): Promise<void> {
    this.#run ??= new LiveRun(this.#config, { ...this.#deps, onLost: () => this.#onLost() })
    return this.#run.granted
  }

  /** Resolves when it brings what is live no longer. */
  get lost(): Promise<void> {
    return this.#lost.promise
  }

  /** No message comes from the lane after this. */
  end(): void {
    const run = this.#run
    if (!run) return
    this.#run = undefined
    this.#over()
    const done = run.end().finally(() => this.#ending.delete(done))
    this.#ending.add(done)
  }

  /** Resolves when the connections of lanes that ended are closed. */
  async ended(): Promise<void> {
    await Promise.all(this.#ending)
  }

  #onLost(): void {
    this.#over()
    this.#deps.onLost()
  }

  #over(): void {
    this.#lost.resolve()
    this.#lost = deferred()
  }
}

class LiveRun {
  readonly granted: Promise<void>
  readonly #stop = new AbortController()
  readonly #connection: MqttConnection
  readonly #open: number
  readonly #grants = new Set<string>()

  constructor(
    { broker, clientId, filters }: SessionLaneConfig,
    { log, choice, message, onGranted, onLost }: LiveLaneDeps,
  ) {
    const { signal } = this.#stop
    this.#open = filters.length
    this.#connection = new MqttConnection(broker, { signal, log, choice, clientId: `${clientId}_live` })
    const all = deferred()
    const entries = filters.map((filter) => {
      const handler: MessageHandler = (topic, payload, retained) => {
        if (!signal.aborted) message(topic, payload, retained)
      }
      return new SubscriptionEntry(
        filter,
        handler,
        {
          onGranted: () => {
            this.#grants.add(filter)
            if (signal.aborted || !this.isGranted) return
            all.resolve()
            onGranted()
          },
          onLost: () => {
            const wasGranted = this.isGranted
            this.#grants.clear()
            if (wasGranted && !signal.aborted) onLost()
          },
        },
        () => {},
      )
    })
    for (const entry of entries) this.#connection.subscribe(entry)
    const refused = Promise.all(entries.map((entry) => entry.granted)).then(() => all.promise)
    this.granted = Promise.race([refused, this.#connection.done])
    this.granted.catch(() => {})
  }

  get isGranted(): boolean {
    return this.#grants.size === this.#open
  }

  end(): Promise<void> {
    this.#stop.abort()
    return this.#connection.done
  }
}
