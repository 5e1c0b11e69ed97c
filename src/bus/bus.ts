/**
 * What every stage sees of MQTT. Two implementations: a connection to a broker
 * (`startBus`), and the embedded broker without a socket (`EmbeddedBroker.bus`).
 */

/** Called once for a message that was written: without an error when the broker has it. */
export type Settled = (error?: Error) => void

/**
 * A received message. `retained`: the broker stored it before this subscription
 * was made. The payload is a view that may be kept and must not be changed.
 */
export type MessageHandler = (topic: string, payload: Uint8Array, retained: boolean) => void

export interface PublishOptions {
  readonly qos: 0 | 1
  readonly retain?: boolean
}

export interface SubscribeOptions {
  /** Default 1. */
  readonly qos?: 0 | 1
  /** The broker granted it: at first, and after every reconnect. Retained messages come before or after this. */
  readonly onGranted?: () => void
  /** The connection it was on is gone. */
  readonly onLost?: () => void
}

export interface Subscription {
  /** Resolves at the first grant; rejects when the broker refuses before, though it is asked again. Need not be awaited. */
  readonly granted: Promise<void>
  /** No handler call after this. */
  close(): void
}

export interface Bus {
  /** For logs and metrics: the broker's address without credentials. */
  readonly name: string
  readonly connected: boolean
  /**
   * Milliseconds for which what was last written has not been taken by the
   * broker, as far as is known: the age of a lane that has no acknowledgements
   * of its own (QoS 0). 0 while the broker answers.
   */
  readonly lagMs: number
  /**
   * Sends now or not at all: `false` means not sent (not connected, or too much
   * unacknowledged) and `settled` is not called. The payload belongs to the bus
   * from here on. At QoS 0 `settled` says only that it was written.
   */
  publish(topic: string, payload: Uint8Array, options: PublishOptions, settled?: Settled): boolean
  /**
   * Kept over reconnects. Each message is given to `handler` once per
   * subscription, also where filters overlap and the broker would send it twice.
   */
  subscribe(filter: string, handler: MessageHandler, options?: SubscribeOptions): Subscription
  /**
   * Called on every connect, and now if connected: publish the retained set
   * here, before anything else. Returns the way to take it back.
   */
  onConnect(callback: () => void): () => void
  /**
   * What should come does not, though the connection looks healthy: it is given
   * up for a new one, by the next address of a cluster, and everything
   * subscribed anew. No more often than every 5 s, each time twice as seldom,
   * to once a minute; `false`: not now.
   */
  renew?(): boolean
}

/** A bus on which a node shows its presence. */
export interface NodeBus extends Bus {
  /** Publishes the node's state anew: what it says of its consumers has changed. */
  announce(): void
}
