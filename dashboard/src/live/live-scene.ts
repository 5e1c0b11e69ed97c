/** What the bus says of an area now: streams, their states, and the nodes that carry and consume them. */
import { meaningOf, type NodeState } from '../../../src/streams/index.ts'
import type { LiveAccess } from '../api/client.ts'
import type { Scene } from '../scene/scene.ts'
import { FrameClock, type HeardTime } from './frame-clock.ts'
import { connectLiveBus, type LiveBus } from './live-bus.ts'
import { LiveNodes } from './live-nodes.ts'
import type { LiveStream } from './live-stream.ts'
import { LiveStreams } from './live-streams.ts'

/** So long after a connection was made, and after the last retained message, what was not told again is no more. */
const TOLD_AGAIN_MS = 5000

export class LiveScene implements Scene {
  readonly kind = 'live'
  readonly bus: LiveBus | undefined
  /** Messages that are none of the contract's, or cannot be read, or are refused. */
  unreadable = 0
  readonly #streams = new LiveStreams()
  readonly #nodes = new LiveNodes()
  readonly #clock = new FrameClock(() => this.#heard)
  readonly #followed = new Map<string, number>()
  readonly #areas: readonly string[]
  #isConnected = false
  #isTold = false
  /** Of a retained message; of `performance.now()`. */
  #retainedMs = 0
  #confirming: ReturnType<typeof setTimeout> | undefined

  constructor(access: LiveAccess, token: string | undefined, onChange: () => void) {
    this.#areas = access.areas
    if (access.url === undefined) return
    this.bus = connectLiveBus({ ...access, url: access.url }, token, {
      message: (topic, payload, isRetained) => this.#message(topic, payload, isRetained),
      changed: () => {
        this.#connection()
        onChange()
      },
    })
    this.bus.subscribe(
      this.#areas.flatMap((area) => [`${area}/+/+/PMU/+`, `${area}/+/+/+/+/state/+`, `${area}/+/+/NODE/+/state`]),
    )
  }

  get streams(): readonly LiveStream[] {
    return this.#streams.all
  }

  get isConnected(): boolean {
    return this.bus?.isConnected ?? false
  }

  /** Since this connection was made, so far as it can be known. */
  get isTold(): boolean {
    return this.#isTold
  }

  /** What it says of itself, it has said on this connection. */
  isConfirmed(node: string): boolean {
    return this.#nodes.states.isConfirmed(node)
  }

  /** By topic of the node; as each told last, also before the connection was lost. */
  get nodes(): ReadonlyMap<string, NodeState> {
    return this.#nodes.states
  }

  /** Messages of streams that have no place here. */
  get refused(): number {
    return this.#streams.refused
  }

  find(topic: string): LiveStream | undefined {
    return this.#streams.find(topic)
  }

  /** By the PMUs' clocks, as long as frames come. */
  get nowS(): number {
    return this.#clock.nowS
  }

  /** Seconds; undefined where no frame comes. */
  get computerAheadS(): number | undefined {
    return this.#clock.computerAheadS
  }

  get #heard(): readonly HeardTime[] {
    return this.streams.flatMap(({ topic, buffer, arrivals, isFlowing }) => {
      const timeS = buffer?.timeS
      return isFlowing && timeS !== undefined ? [{ topic, timeS, cameMs: arrivals.lastMs }] : []
    })
  }

  follow(topic: string): () => void {
    // A link may name anything; and PMUs are followed anyhow.
    if (meaningOf(topic)?.kind !== 'frames' || topic.split('/')[3] === 'PMU') return () => {}
    const count = this.#followed.get(topic) ?? 0
    this.#followed.set(topic, count + 1)
    if (count === 0) this.bus?.subscribe([topic])
    return () => {
      const left = (this.#followed.get(topic) ?? 1) - 1
      if (left > 0) {
        this.#followed.set(topic, left)
        return
      }
      this.#followed.delete(topic)
      this.bus?.unsubscribe([topic])
    }
  }

  #connection(): void {
    if (this.isConnected === this.#isConnected) return
    this.#isConnected = this.isConnected
    clearTimeout(this.#confirming)
    if (this.#isConnected) {
      this.#retainedMs = performance.now()
      this.#confirm()
      return
    }
    this.#isTold = false
    this.#streams.lost()
    this.#nodes.lost()
  }

  /** Over a slow way retained messages take their time. */
  #confirm(): void {
    const leftMs = this.#retainedMs + TOLD_AGAIN_MS - performance.now()
    if (leftMs > 0) {
      this.#confirming = setTimeout(() => this.#confirm(), leftMs)
      return
    }
    this.#isTold = true
    this.#streams.dropUnconfirmed()
    this.#nodes.dropUnconfirmed()
  }

  #message(topic: string, payload: Uint8Array, isRetained: boolean): void {
    const meaning = meaningOf(topic)
    if (isRetained) this.#retainedMs = performance.now()
    try {
      if (meaning?.kind === 'frames') {
        if (!this.#streams.frames(meaning.stream, payload, isRetained)) this.unreadable++
      } else if (meaning?.kind === 'state') this.#streams.state(meaning.stream, meaning.nodeId, payload)
      else if (meaning?.kind === 'node') this.#nodes.heard(meaning.node, payload)
    } catch {
      // Anyone may publish anything: it costs itself, and is shown on the page Health.
      this.unreadable++
    }
  }
}
