import { monotonicMs } from '../runtime/clock.ts'
import { nodeIdOf, stateTopic } from '../streams/index.ts'
import type { Bus } from './bus.ts'
import type { CarrierListener, CarrierWatch } from './carrier-watch.ts'
import { anyOnline } from './find-carriers.ts'
import { OtherCarriers } from './other-carriers.ts'
import { clearRetained, retireStream } from './retire-stream.ts'

/** A retained message that could not be sent is tried again after this. */
const RETRY_MS = 100
/** The states of other nodes have been heard by then, and the echo of our own. */
const HEARD_MS = 1000
/** What somebody else does to our retained set is undone no more often than this. */
const REPAIR_MS = 10_000

/** The retained set of a stream, as its producer has it. */
export interface RetainedSet {
  readonly stream: string
  /** Topic of the node that produces it. */
  readonly node: string
  readonly payloads: ReadonlyMap<string, Uint8Array>
  /**
   * Frames come from the source. While they do not, it may have changed its
   * configuration without our knowing, and another node may know better.
   */
  readonly isOnline: boolean
  readonly carriers: CarrierWatch | undefined
}

/** The retained set of a stream on one broker: published anew on every connect, and when somebody else has changed it. */
export class RetainedLane implements CarrierListener {
  readonly #bus: Bus
  readonly #set: RetainedSet
  readonly #ownState: string
  /** Topics whose newest payload this connection has not sent yet. */
  readonly #due = new Set<string>()
  readonly #others = new OtherCarriers()
  /** The last state that was heard of this node is not the one it published. */
  #isForeign = false
  /** A state was cleared: whoever retires a stream clears more than that. */
  #isCleared = false
  #retry: NodeJS.Timeout | undefined
  #release: NodeJS.Timeout | undefined
  #repair: NodeJS.Timeout | undefined
  #repairedAt = Number.NEGATIVE_INFINITY
  #isClosed = false
  readonly #leave: readonly (() => void)[]

  constructor(bus: Bus, set: RetainedSet) {
    this.#bus = bus
    this.#set = set
    this.#ownState = stateTopic(set.stream, nodeIdOf(set.node))
    // Heard before it is said: what is retained comes first then.
    const unfollow = set.carriers?.follow(bus, set.stream, this)
    this.#leave = [bus.onConnect(this.#connected), ...(unfollow ? [unfollow] : [])]
  }

  /** Data that belong to the set must wait. */
  get isDue(): boolean {
    return this.#due.size > 0
  }

  /** The payload of this topic has changed. */
  changed(topic: string): void {
    this.#due.add(topic)
    if (!this.#bus.connected) return
    // What was held back while the source was away goes with its first word.
    if (topic === this.#ownState && !this.#set.isOnline) this.#publish(topic)
    else this.publishAll()
  }

  /** Says the state again, or all. A configuration that may be outdated is not repeated beside another node's. */
  repeat(all: boolean): void {
    if (!this.#bus.connected) return
    if (all && this.#mayRepeat) {
      for (const topic of this.#set.payloads.keys()) this.#due.add(topic)
      this.publishAll()
    } else {
      this.#due.add(this.#ownState)
      this.#publish(this.#ownState)
    }
  }

  /** `false` when some could not be sent; they are tried again soon. */
  publishAll(): boolean {
    for (const topic of this.#due) if (!this.#publish(topic)) return false
    return true
  }

  heard(nodeId: string, payload: Uint8Array): void {
    if (nodeId === nodeIdOf(this.#set.node)) {
      const own = this.#set.payloads.get(this.#ownState)
      this.#isForeign = own === undefined || Buffer.compare(own, payload) !== 0
      if (this.#isForeign) this.#repairSoon()
      return
    }
    this.#others.heard(nodeId, payload)
    if (payload.length > 0) return
    this.#isCleared = true
    this.#repairSoon()
  }

  lost(): void {
    this.#others.forget()
  }

  close(): void {
    this.#isClosed = true
    for (const leave of this.#leave) leave()
    for (const timer of [this.#retry, this.#release, this.#repair]) clearTimeout(timer)
  }

  /** Clears the stream, or, where another node carries it, what this node said of it. Closes. */
  retire(): void {
    const { stream, node } = this.#set
    this.close()
    const clearAll = (): void => retireStream(stream, [nodeIdOf(node), ...this.#others.nodeIds], this.#bus)
    if (this.#others.nodeIds.length === 0) {
      clearAll()
      return
    }
    clearRetained([this.#ownState], this.#bus)
    if (this.#others.isOnline) return
    void anyOnline(this.#others.offlineNodes, (...what) => this.#bus.subscribe(...what)).then(
      (isCarried) => {
        if (!isCarried) clearAll()
      },
      // A broker that refuses to say who carries a stream is one where it stays.
      () => {},
    )
  }

  readonly #connected = (): void => {
    this.#due.clear()
    for (const topic of this.#set.payloads.keys()) this.#due.add(topic)
    if (this.#set.isOnline || !this.#set.carriers) {
      this.publishAll()
      return
    }
    this.#publish(this.#ownState)
    clearTimeout(this.#release)
    this.#release = setTimeout(() => {
      if (this.#bus.connected && this.#mayRepeat) this.publishAll()
    }, HEARD_MS).unref()
  }

  /** The configuration is the newest, as far as is known. */
  get #mayRepeat(): boolean {
    return this.#set.isOnline || !this.#others.isOnline
  }

  #publish(topic: string): boolean {
    const payload = this.#set.payloads.get(topic)
    if (payload && !this.#bus.publish(topic, payload, { qos: 1, retain: true })) {
      this.#retry ??= setTimeout(() => {
        this.#retry = undefined
        if (this.#bus.connected) this.publishAll()
      }, RETRY_MS).unref()
      return false
    }
    this.#due.delete(topic)
    return true
  }

  /** Not at once: what was heard may be an echo from before our last word. And not often: another may do the same. */
  #repairSoon(): void {
    if (this.#isClosed || this.#repair) return
    const waitMs = Math.max(HEARD_MS, this.#repairedAt + REPAIR_MS - monotonicMs())
    this.#repair = setTimeout(() => {
      this.#repair = undefined
      if (!this.#bus.connected || !(this.#isForeign || this.#isCleared)) return
      this.#repairedAt = monotonicMs()
      this.#isCleared = false
      this.repeat(true)
    }, waitMs).unref()
  }
}
