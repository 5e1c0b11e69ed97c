/** Frames of a session's backlog, each with the configuration it had in its place. */
import type { Bus, Subscription } from '../bus/index.ts'
import { checksum, FrameType, frameTypeOf } from '../c37118/index.ts'
import type { Counter, Metrics } from '../runtime/service.ts'
import { isConfiguration, isOneFrame, meaningOf, splitPayload } from '../streams/index.ts'
import type { Epoch } from './epochs.ts'
import type { SessionEpochs } from './session-epochs.ts'

/** A broker that has a retained configuration has given it by then. */
const ANSWER_MS = 2000

export interface SessionLateOptions {
  readonly epochs: SessionEpochs
  /** Asked for what is retained, by exact topics. */
  readonly bus: Bus
  readonly consumer: string
  readonly metrics: Metrics
  /** Monotonic ms. */
  readonly clock: () => number
  /** One frame, CHK right. `false`: not now; it is offered again. */
  readonly give: (stream: string, frame: Uint8Array, epoch: Epoch) => boolean
}

export class SessionLate {
  readonly #options: SessionLateOptions
  readonly #dropped: (reason: string) => Counter
  /** Frames of the message that is offered again which are done with. */
  #done = 0
  /** The stream whose configuration is waited for, since when, and the question. */
  #asked: { readonly stream: string; readonly since: number; readonly subscription: Subscription } | undefined

  constructor(options: SessionLateOptions) {
    this.#options = options
    this.#dropped = (reason) =>
      options.metrics.counter('phasorbus_session_dropped_total', 'Late frames of a session that nobody could read.', {
        consumer: options.consumer,
        reason,
      })
  }

  /** A message of now: what it says of a configuration is the latest. */
  live(topic: string, payload: Uint8Array): void {
    if (isDataFrame(payload) || meaningOf(topic)?.kind !== 'frames') return
    const fragments: Uint8Array[] = []
    splitPayload(payload, (frame) => {
      if (isConfiguration(frame)) fragments.push(frame)
    })
    if (fragments.length > 0) this.#options.epochs.latest(topic, fragments)
  }

  /** A message of the session whose frames are not late: its configurations count. */
  passed(topic: string, payload: Uint8Array): void {
    if (!isDataFrame(payload)) this.#read(topic, payload, 0, () => true)
  }

  /** A message of the backlog. `false`: not now. */
  late(topic: string, payload: Uint8Array): boolean {
    const notTaken = this.#read(topic, payload, this.#done, (frame) => this.#give(topic, frame))
    this.#done = notTaken ?? 0
    return notTaken === undefined
  }

  close(): void {
    this.#asked?.subscription.close()
  }

  /**
   * Of what is no stream's frames nothing is late news: its retained version has
   * come. The index of the first frame that was not taken, if there is one.
   */
  #read(topic: string, payload: Uint8Array, from: number, give: (frame: Uint8Array) => boolean): number | undefined {
    const { epochs } = this.#options
    if (meaningOf(topic)?.kind !== 'frames') return undefined
    if (payload.length === 0) {
      epochs.retire(topic)
      return undefined
    }
    let configuration: Uint8Array[] = []
    let at = 0
    let isTaken = true
    const settle = (): void => {
      if (configuration.length > 0) epochs.begin(topic, configuration)
      configuration = []
    }
    splitPayload(payload, (frame) => {
      if (!isTaken || at++ < from) return
      if (isConfiguration(frame)) {
        configuration.push(frame)
        return
      }
      settle()
      isTaken = frameTypeOf(frame) !== FrameType.data || give(frame)
    })
    settle()
    return isTaken ? undefined : at - 1
  }

  #give(stream: string, frame: Uint8Array): boolean {
    // A frame followed by its own CRC gives 0.
    if (checksum(frame, 0, frame.length) !== 0) return this.#drop('bad-checksum')
    const epoch = this.#options.epochs.of(stream)
    if (!epoch) return this.#isUnknown(stream) ? this.#drop('no-configuration') : false
    if (epoch.frameSize !== frame.length) return this.#drop('size-mismatch')
    return this.#options.give(stream, frame, epoch)
  }

  #drop(reason: string): true {
    this.#dropped(reason).add()
    return true
  }

  /** Nobody has it: not the broker either, which is asked first. */
  #isUnknown(stream: string): boolean {
    const { bus, clock } = this.#options
    if (this.#asked?.stream === stream) return clock() - this.#asked.since > ANSWER_MS
    this.#asked?.subscription.close()
    const subscription = bus.subscribe(stream, (topic, payload, retained) => {
      if (retained) this.live(topic, payload)
    })
    this.#asked = { stream, since: clock(), subscription }
    return false
  }
}

const isDataFrame = (payload: Uint8Array): boolean => isOneFrame(payload) && frameTypeOf(payload) === FrameType.data
