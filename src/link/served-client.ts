import { Command, FrameType, frameTypeOf, idcodeOf } from '../c37118/index.ts'
import { TokenBucket } from '../runtime/token-bucket.ts'
import type { ServedStream, Subscription } from './served-stream.ts'
import type { ServerCounters } from './server-counters.ts'

const COMMAND_OFFSET = 14
const MIN_COMMAND_SIZE = 18
/** Far beyond what any PDC sends; who sends more costs others time. */
const FRAMES_PER_SECOND = 200

const commandNames: Readonly<Record<number, string>> = {
  [Command.dataOff]: 'data-off',
  [Command.dataOn]: 'data-on',
  [Command.sendHeader]: 'send-header',
  [Command.sendConfig1]: 'send-config-1',
  [Command.sendConfig2]: 'send-config-2',
  [Command.sendConfig3]: 'send-config-3',
}

/** The streams of a server by IDCODE. */
export type Streams = ReadonlyMap<number, ServedStream>

/**
 * One PDC that commands streams of ours, however it reaches us. Does what a
 * PMU does: obeys commands of a known IDCODE, whatever their SOC, and ignores
 * the rest.
 */
export class ServedClient {
  readonly #streams: Streams
  readonly #counters: ServerCounters
  readonly #requests: TokenBucket
  readonly #frames = new TokenBucket(FRAMES_PER_SECOND)
  readonly #makeSubscription: (stream: ServedStream) => Subscription
  readonly #subscriptions = new Map<ServedStream, Subscription>()
  /** Streams it has turned on. */
  readonly #on = new Set<ServedStream>()

  constructor(
    streams: Streams,
    counters: ServerCounters,
    answersPerSecond: number,
    makeSubscription: (stream: ServedStream) => Subscription,
  ) {
    this.#streams = streams
    this.#counters = counters
    this.#requests = new TokenBucket(answersPerSecond)
    this.#makeSubscription = makeSubscription
  }

  /** IDCODEs that the client has asked something of. */
  get idcodes(): number[] {
    return [...this.#subscriptions.keys()].map((stream) => stream.idcode)
  }

  /** Whether a frame of right CHK is a command to a stream of ours. */
  isForUs(frame: Uint8Array): boolean {
    return isCommand(frame) && this.#streams.has(idcodeOf(frame))
  }

  /** It waits for data, and need not say anything. */
  get isReceiving(): boolean {
    return this.#on.size > 0
  }

  /** Takes a frame of right CHK; says whether it was a command to a stream of ours, or one of too many. */
  frame(frame: Uint8Array): 'command' | 'ignored' | 'flood' {
    if (!this.#frames.take()) {
      this.#counters.refuse('too-many-frames')
      return 'flood'
    }
    if (!isCommand(frame)) {
      this.#counters.refuse('not-a-command')
      return 'ignored'
    }
    const stream = this.#streams.get(idcodeOf(frame))
    if (!stream) {
      this.#counters.refuse('foreign-idcode')
      return 'ignored'
    }
    this.#obey(stream, (frame[COMMAND_OFFSET]! << 8) | frame[COMMAND_OFFSET + 1]!)
    return 'command'
  }

  /** Forgets all that was asked: the client is gone, or has to start anew. */
  leave(): void {
    for (const [stream, subscription] of this.#subscriptions) stream.forget(subscription)
    this.#subscriptions.clear()
    this.#on.clear()
  }

  /** Forgets what was asked of one stream. */
  leaveStream(stream: ServedStream): void {
    const subscription = this.#subscriptions.get(stream)
    if (subscription) stream.forget(subscription)
    this.#subscriptions.delete(stream)
    this.#on.delete(stream)
  }

  #obey(stream: ServedStream, command: number): void {
    const name = commandNames[command]
    if (name === undefined) {
      this.#counters.refuse(refusalOf(command))
      return
    }
    this.#counters.command(name)
    const subscription = this.#subscriptionOf(stream)
    if (command === Command.dataOn) {
      this.#on.add(stream)
      stream.turnOn(subscription)
    } else if (command === Command.dataOff) {
      this.#on.delete(stream)
      stream.turnOff(subscription)
    } else if (this.#requests.take()) stream.request(subscription, command)
    else this.#counters.refuse('too-many-requests')
  }

  #subscriptionOf(stream: ServedStream): Subscription {
    let subscription = this.#subscriptions.get(stream)
    if (!subscription) {
      subscription = this.#makeSubscription(stream)
      this.#subscriptions.set(stream, subscription)
    }
    return subscription
  }
}

function isCommand(frame: Uint8Array): boolean {
  return frameTypeOf(frame) === FrameType.command && frame.length >= MIN_COMMAND_SIZE
}

function refusalOf(command: number): 'extended-command' | 'user-command' | 'unknown-command' {
  if (command === Command.extended) return 'extended-command'
  return command >= 0x100 && command <= 0xfff ? 'user-command' : 'unknown-command'
}
