/** The asking side of the replay contract: pulls ranges out of journals, several at once, over one connection. */
import { randomBytes } from 'node:crypto'
import { setMaxListeners } from 'node:events'
import type { Bus } from '../bus/index.ts'
import {
  END_OF_TIME_US,
  encodeReplayRequest,
  MAX_ANSWER_BYTES,
  MAX_SEQUENCE,
  parseStreamTopic,
  type ReplayQuery,
  replayTopic,
  replyOf,
} from '../streams/index.ts'
import { RecoveryError } from './recovery-error.ts'
import type { ReplayAnswer } from './replay-assembly.ts'
import { ReplayPull } from './replay-pull.ts'
import { ReplyInbox } from './reply-inbox.ts'

export interface ReplayClientOptions {
  /** A connection of its own: what is replayed must not stand before what is live. */
  readonly bus: Bus
  /** What answers are told apart by from those of others: a topic level. Default: random. */
  readonly token?: string
  /** A pull of which nothing came for so long is given up. Default 10 s. */
  readonly timeoutMs?: number
}

export class ReplayClient {
  readonly #bus: Bus
  readonly #token: string
  readonly #timeoutMs: number
  readonly #inboxes = new Map<string, ReplyInbox>()
  readonly #pulls = new Map<number, ReplayPull>()
  #sequence = 0

  constructor({ bus, token = randomBytes(12).toString('hex'), timeoutMs = 10_000 }: ReplayClientOptions) {
    this.#bus = bus
    this.#token = token
    this.#timeoutMs = timeoutMs
  }

  /** Pulls under way. */
  get pulling(): number {
    return this.#pulls.size
  }

  /**
   * One request to one node's journal, and its answer. Rejects with a
   * RecoveryError: at once when the connection is or gets lost, when the node
   * refuses, when nothing comes. Rejects with the signal's reason on its abort.
   */
  async pull(stream: string, nodeId: string, query: ReplayQuery, signal: AbortSignal): Promise<ReplayAnswer> {
    signal.throwIfAborted()
    // Many pulls wait for the one signal of their service.
    setMaxListeners(0, signal)
    const { area } = parseStreamTopic(stream)
    if (!this.#bus.connected) throw notConnected(stream, nodeId)
    const sequence = this.#nextSequence()
    const request = encodeReplayRequest({ ...bounded(query), id: this.#token, sequence })
    const pull = new ReplayPull({ area, stream, nodeId, maxBytes: query.maxBytes, timeoutMs: this.#timeoutMs, signal })
    this.#pulls.set(sequence, pull)
    try {
      await Promise.race([this.#inboxOf(area).ready, pull.answer])
      // An answer to a request that the broker never got will not come.
      const settled = (error?: Error): void => {
        if (error) pull.connectionLost()
      }
      if (!this.#bus.publish(replayTopic(stream, nodeId), request, { qos: 1 }, settled)) {
        throw notConnected(stream, nodeId)
      }
      return await pull.answer
    } finally {
      pull.close()
      this.#pulls.delete(sequence)
    }
  }

  /** Ends the subscriptions; pulls under way are rejected. */
  close(): void {
    for (const inbox of this.#inboxes.values()) inbox.close()
    this.#inboxes.clear()
    for (const pull of this.#pulls.values()) pull.connectionLost()
  }

  /** One standing subscription for each area that was ever asked. */
  #inboxOf(area: string): ReplyInbox {
    let inbox = this.#inboxes.get(area)
    if (!inbox) {
      inbox = new ReplyInbox(this.#bus, area, this.#token, {
        message: (topic, payload) => this.#message(topic, payload),
        lost: () => this.#lost(area),
      })
      this.#inboxes.set(area, inbox)
    }
    return inbox
  }

  #message(topic: string, payload: Uint8Array): void {
    const reply = replyOf(topic)
    const pull = reply && this.#pulls.get(reply.sequence)
    // Of a pull that is over, or of no pull of ours.
    if (!pull || reply.id !== this.#token) return
    if (pull.nodeId === reply.nodeId && pull.area === reply.area) pull.message(reply.part, payload)
  }

  #lost(area: string): void {
    for (const pull of this.#pulls.values()) if (pull.area === area) pull.connectionLost()
  }

  #nextSequence(): number {
    do {
      this.#sequence = this.#sequence === MAX_SEQUENCE ? 0 : this.#sequence + 1
    } while (this.#pulls.has(this.#sequence))
    return this.#sequence
  }
}

/** Half a period before the first slot there is, or after the last, is no time that can be asked for. */
function bounded({ fromUs, toUs, maxBytes, cursor }: ReplayQuery): ReplayQuery {
  return {
    fromUs: Math.max(0, Math.floor(fromUs)),
    toUs: Math.min(END_OF_TIME_US, Math.ceil(toUs)),
    maxBytes: Math.min(maxBytes, MAX_ANSWER_BYTES),
    ...(cursor === undefined ? {} : { cursor }),
  }
}

function notConnected(stream: string, node: string): RecoveryError {
  return new RecoveryError(
    { code: 'RECOVERY_NOT_CONNECTED', stream, node },
    `no request to ${node} for ${stream}: no connection to a broker that takes it`,
  )
}
