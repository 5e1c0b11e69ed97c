import { Command, FrameType, frameTypeOf } from '../c37118/index.ts'
import { monotonicMs } from '../runtime/clock.ts'
import { RetainedFrames, sameAnswer } from './retained-frames.ts'
import type { ServerCounters, StreamCounters } from './server-counters.ts'

/** A request for what is not there yet is answered when it comes, but not later than this. */
const LATE_ANSWER_MS = 30_000

/** Where one stream is given to a server. Calls are synchronous; what a client cannot take is dropped at that client. */
export interface StreamOutput {
  /**
   * CFG-1, CFG-2 or all fragments of a CFG-3: what requests are answered with.
   * Where it changes what a client was told, or changes what describes the
   * data it was sent, that client's connection is closed, so that it fetches
   * anew; a client over UDP gets nothing more until it asks. Give it before
   * the first data frame it describes. What describes the data is the CFG-2, or
   * the CFG-3 where none was given; `inForce` says that it is this one, also
   * where it is a CFG-3 and a CFG-2 was given before.
   */
  configuration(fragments: readonly Uint8Array[], inForce?: boolean): void
  header(frame: Uint8Array): void
  /** A whole data frame. It must not be written to afterwards. Whether a client took it: none may have data on, or all be too slow. */
  data(frame: Uint8Array): boolean
  /** The same of a frame after its moment, which no live one is to wait for. */
  late(frame: Uint8Array): boolean
  /** Bytes of late frames that may go now, by the client that takes the fewest and does not stand still. */
  readonly lateRoom: number
  /** How many clients have data turned on. */
  readonly receivers: number
  /** Unsent bytes of the client that has most of them and does not stand still. */
  readonly bufferedBytes: number
  /** Ends the stream: its clients are closed, its IDCODE is unknown from then on. */
  close(): void
}

/** Where the data of one stream go: a connection, or an address. */
export interface DataReceiver {
  readonly bufferedBytes: number
  /** Bytes of late frames that it takes now without a live one waiting behind them; without it all. */
  readonly lateRoom?: number
  /** It has had no room for so long that the others do not wait for it: late frames go without it. */
  readonly standsStill?: boolean
  /** So many late bytes were given to it. */
  lateGiven?(bytes: number): void
  /** `false`: dropped, for too much is unsent. `waits`: taken, and no byte of it is sent yet; `fate` is told. */
  data(frame: Uint8Array, counters: StreamCounters, fate: FrameFate): boolean | 'waits'
}

/** Who is told, later, what became of a frame that had to wait. Told of each once. */
export interface FrameFate {
  /** It is given to the system, which says no more of it. */
  sent(frame: Uint8Array): void
  /** Its connection ended, and not a byte of it was sent. */
  unsent(frame: Uint8Array): void
}

/** The same of a stream: it is told `sent` with the first client, `unsent` with the last. */
export interface StreamFate extends FrameFate {
  /** No client has any of it yet. Within the call of `data`. */
  waits(frame: Uint8Array): void
}

/** What one client asked of one stream. */
export interface Subscription {
  readonly receiver: DataReceiver
  answer(frames: readonly Uint8Array[]): void
  /** Something the client was told is no longer so. */
  outdated(): void
}

interface SubscriptionState {
  on: boolean
  /** Data was sent while it was on earlier. */
  sentBefore: boolean
  /** `#frames` when data was turned on. */
  onAt: number
  /** What was answered, by command. */
  readonly told: Map<number, readonly Uint8Array[]>
  /** Requests that could not be answered yet, and when they came. */
  readonly pending: Map<number, number>
}

/** One stream of a server, with everyone who asked something of it. */
export class ServedStream implements StreamOutput, FrameFate {
  readonly idcode: number
  readonly #counters: StreamCounters
  readonly #serverCounters: ServerCounters
  readonly #retained = new RetainedFrames()
  readonly #subscriptions = new Map<Subscription, SubscriptionState>()
  /** Receivers with data on; one that several clients share counts its users. */
  readonly #receivers = new Map<DataReceiver, number>()
  readonly #onClose: () => void
  readonly #onConfiguration: (stream: ServedStream) => void
  readonly #fate: StreamFate | undefined
  /** Frames that no client has any of, and at how many they wait. */
  readonly #waiting = new Map<Uint8Array, number>()
  /** What described the data so far, and how many frames there were. */
  #inForce: readonly Uint8Array[] | undefined
  #frames = 0

  constructor(
    idcode: number,
    counters: ServerCounters,
    hooks: { onClose(): void; onConfiguration(stream: ServedStream): void; readonly fate?: StreamFate | undefined },
  ) {
    this.idcode = idcode
    this.#serverCounters = counters
    this.#counters = counters.ofStream(idcode)
    this.#onClose = hooks.onClose
    this.#onConfiguration = hooks.onConfiguration
    this.#fate = hooks.fate
  }

  /** The configuration that describes the data, if one was given. */
  get inForce(): readonly Uint8Array[] | undefined {
    return this.#inForce
  }

  get receivers(): number {
    return this.#receivers.size
  }

  get bufferedBytes(): number {
    let most = 0
    for (const receiver of this.#movingReceivers()) most = Math.max(most, receiver.bufferedBytes)
    return most
  }

  get lateRoom(): number {
    let least = Number.POSITIVE_INFINITY
    let moving = 0
    // All are asked: one that stood still may have room again.
    for (const receiver of this.#receivers.keys()) {
      const room = receiver.lateRoom ?? Number.POSITIVE_INFINITY
      if (receiver.standsStill) continue
      least = Math.min(least, room)
      moving++
    }
    return moving === 0 && this.#receivers.size > 0 ? 0 : least
  }

  late(frame: Uint8Array): boolean {
    const receivers = this.#movingReceivers()
    for (const receiver of receivers) receiver.lateGiven?.(frame.length)
    return this.#give(frame, receivers)
  }

  data(frame: Uint8Array): boolean {
    return this.#give(frame, this.#receivers.keys())
  }

  /** Those that do not stand still; all, where all do. */
  #movingReceivers(): readonly DataReceiver[] {
    const all = [...this.#receivers.keys()]
    const moving = all.filter(({ standsStill }) => !standsStill)
    return moving.length > 0 ? moving : all
  }

  #give(frame: Uint8Array, receivers: Iterable<DataReceiver>): boolean {
    this.#frames++
    let taken = false
    let waiting = 0
    for (const receiver of receivers) {
      const verdict = receiver.data(frame, this.#counters, this)
      if (verdict === 'waits') waiting++
      else if (verdict) taken = true
    }
    if (waiting === 0 || taken) return taken
    if (this.#fate) {
      this.#waiting.set(frame, waiting)
      this.#fate.waits(frame)
    }
    return true
  }

  sent(frame: Uint8Array): void {
    if (this.#waiting.delete(frame)) this.#fate?.sent(frame)
  }

  unsent(frame: Uint8Array): void {
    const waiting = this.#waiting.get(frame)
    if (waiting === undefined) return
    if (waiting > 1) this.#waiting.set(frame, waiting - 1)
    else if (this.#waiting.delete(frame)) this.#fate?.unsent(frame)
  }

  header(frame: Uint8Array): void {
    this.#retained.setHeader(frame)
    this.#answerPending(Command.sendHeader)
  }

  configuration(fragments: readonly Uint8Array[], isInForce = false): void {
    const type = this.#retained.setConfiguration(fragments, isInForce)
    const before = this.#inForce
    const inForce = this.#retained.inForce
    const changed = !sameAnswer(before, inForce)
    this.#inForce = inForce
    // A CFG-2 that is no more: whoever fetched it would read with it what a CFG-3 describes.
    const isGone = typeOf(before) === FrameType.config2 && typeOf(inForce) !== FrameType.config2
    for (const [subscription, state] of [...this.#subscriptions]) {
      const isOutdated = (changed && wasSentData(state, this.#frames)) || (isGone && state.told.size > 0)
      if (isOutdated || this.#toldOtherwise(state)) subscription.outdated()
    }
    if (changed) this.#onConfiguration(this)

    if (type === FrameType.config3) this.#answerPending(Command.sendConfig3)
    else this.#answerPending(Command.sendConfig2)
    this.#answerPending(Command.sendConfig1)
  }

  close(): void {
    this.#onClose()
    for (const subscription of [...this.#subscriptions.keys()]) subscription.outdated()
    this.#subscriptions.clear()
    this.#receivers.clear()
  }

  // --- what clients ask

  turnOn(subscription: Subscription): void {
    const state = this.#stateOf(subscription)
    if (state.on) return
    state.on = true
    state.onAt = this.#frames
    this.addReceiver(subscription.receiver)
  }

  turnOff(subscription: Subscription): void {
    const state = this.#subscriptions.get(subscription)
    if (!state?.on) return
    state.sentBefore = wasSentData(state, this.#frames)
    state.on = false
    this.removeReceiver(subscription.receiver)
  }

  request(subscription: Subscription, command: number): void {
    const state = this.#stateOf(subscription)
    const frames = this.#retained.answer(command)
    if (!frames) {
      state.pending.set(command, monotonicMs())
      this.#serverCounters.refuse('not-available')
      return
    }
    if (command !== Command.sendHeader) state.told.set(command, frames)
    subscription.answer(frames)
  }

  /** The client is gone, or starts anew. */
  forget(subscription: Subscription): void {
    this.turnOff(subscription)
    this.#subscriptions.delete(subscription)
  }

  addReceiver(receiver: DataReceiver): void {
    this.#receivers.set(receiver, (this.#receivers.get(receiver) ?? 0) + 1)
  }

  removeReceiver(receiver: DataReceiver): void {
    const users = (this.#receivers.get(receiver) ?? 1) - 1
    if (users > 0) this.#receivers.set(receiver, users)
    else this.#receivers.delete(receiver)
  }

  /** The client was told a configuration that would be another now. One that is merely not to be had any more is not. */
  #toldOtherwise({ told }: SubscriptionState): boolean {
    for (const [command, frames] of told) {
      const now = this.#retained.answer(command)
      if (now && !sameAnswer(frames, now)) return true
    }
    return false
  }

  #answerPending(command: number): void {
    const nowMs = monotonicMs()
    for (const [subscription, { pending }] of [...this.#subscriptions]) {
      const askedMs = pending.get(command)
      if (askedMs === undefined || !this.#retained.answer(command)) continue
      pending.delete(command)
      if (nowMs - askedMs <= LATE_ANSWER_MS) this.request(subscription, command)
    }
  }

  #stateOf(subscription: Subscription): SubscriptionState {
    let state = this.#subscriptions.get(subscription)
    if (!state) {
      state = { on: false, sentBefore: false, onAt: 0, told: new Map(), pending: new Map() }
      this.#subscriptions.set(subscription, state)
    }
    return state
  }
}

const typeOf = (fragments: readonly Uint8Array[] | undefined): FrameType | undefined =>
  fragments?.[0] && frameTypeOf(fragments[0])

function wasSentData({ on, onAt, sentBefore }: SubscriptionState, frames: number): boolean {
  return sentBefore || (on && frames > onAt)
}
