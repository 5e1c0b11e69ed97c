/** What a session lane is told, and what it tells. */
import type { BrokerConfig } from '../config/bus.ts'
import type { Running, ServiceDeps } from '../runtime/service.ts'
import type { MessageHandler } from './bus.ts'
import type { Pace } from './session-pace.ts'

export interface SessionLaneConfig {
  readonly broker: BrokerConfig
  /** The same in every run, and nobody else's: the broker knows the session by it. */
  readonly clientId: string
  /** They may not overlap: brokers differ in how often one connection gets a message then. */
  readonly filters: readonly string[]
}

/** Calls are synchronous. Payloads are views that may be kept and must not be changed. */
export interface SessionLaneDeps extends ServiceDeps {
  /** A message of now, by either lane. */
  readonly live: MessageHandler
  /**
   * A message of the backlog, in order within its topic. `false`: not now; it is
   * offered again, and what is behind it waits.
   */
  // biome-ignore lint/suspicious/noConfusingVoidType: most have nothing to say
  readonly late: (topic: string, payload: Uint8Array) => boolean | void
  /** A message of the session that is not late: `live` gets it now, or had it by the live lane. */
  readonly passed?: (topic: string, payload: Uint8Array) => void
  /** Of the backlog. Default: 5,000 messages a second. */
  readonly pace?: Pace
  /** What is live comes from here on; what is retained comes before or after this. */
  readonly onGranted?: () => void
  /** Nothing live comes until `onGranted`. */
  readonly onLost?: () => void
  /** The broker has no session of ours, or none any more: of what was before, nothing will come. */
  readonly onForgotten?: () => void
  /** The backlog has come. */
  readonly onDrained?: () => void
  /**
   * Acknowledge nothing before `confirm`: for a consumer that stores. What it
   * was given and had not stored when it was killed comes again.
   */
  readonly confirms?: boolean
}

export interface SessionLane extends Running {
  /** The broker's address without credentials. */
  readonly name: string
  /** What is live comes in. */
  readonly connected: boolean
  /** A backlog comes in, or may: there is a second connection, or will be. */
  readonly draining: boolean
  /** Everything given on so far is safe. */
  confirm(): void
}
