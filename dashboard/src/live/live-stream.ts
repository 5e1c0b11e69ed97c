/** One stream, as the bus tells it. */
import type { Configuration } from '../../../src/c37118/index.ts'
import { EpochGate, type HeldBudget, parseStreamState, type StreamState } from '../../../src/streams/index.ts'
import type { MeasurementBuffer } from '../scene/measurement-buffer.ts'
import type { RingRoom } from '../scene/ring-room.ts'
import type { SceneStream } from '../scene/scene.ts'
import { silentAfterMs } from '../scene/silence.ts'
import { Arrivals } from './arrivals.ts'
import { ToldStates } from './told-states.ts'

/** Nodes of one stream, as readers of the bus have it; the state of one more is refused. */
const MAX_NODES = 16
const MAX_STATE_BYTES = 64 * 1024

/** What all streams of a page share. */
export interface StreamRoom {
  readonly held: HeldBudget
  readonly rings: RingRoom
}

export class LiveStream implements SceneStream {
  readonly topic: string
  readonly sinceMs = performance.now()
  buffer: MeasurementBuffer | undefined
  hasNoRoom = false
  /** As its nodes tell it. */
  readonly states = new ToldStates<StreamState>()
  readonly arrivals = new Arrivals()
  readonly gate: EpochGate
  readonly #room: StreamRoom
  /** When the connection was lost last: no frame before it counts any more. */
  #lostMs = Number.NEGATIVE_INFINITY
  #isToldAgain = true

  constructor(topic: string, room: StreamRoom) {
    this.topic = topic
    this.#room = room
    this.gate = new EpochGate(
      {
        configuration: (_, configuration) => this.#configure(configuration),
        data: (frame) => {
          this.buffer?.push(frame)
          if (this.buffer) this.arrivals.note(this.buffer.timeS)
          else this.arrivals.heard()
        },
        dropped() {},
      },
      { budget: room.held },
    )
  }

  get isOnline(): boolean {
    return (this.states.size === 0 || [...this.confirmed.values()].some(({ online }) => online)) && this.isFlowing
  }

  get isUntold(): boolean {
    return !this.#isToldAgain && !this.isOnline
  }

  get isFlowing(): boolean {
    const { lastMs, silentMs } = this.arrivals
    return lastMs > this.#lostMs && silentMs < silentAfterMs(this.buffer?.rate)
  }

  get silentS(): number | undefined {
    const { silentMs } = this.arrivals
    return Number.isFinite(silentMs) ? silentMs / 1000 : undefined
  }

  get wasHeard(): boolean {
    return this.buffer !== undefined || this.silentS !== undefined
  }

  /** As its nodes told it on this connection. */
  get confirmed(): ReadonlyMap<string, StreamState> {
    if (this.states.unconfirmed.size === 0) return this.states
    return new Map([...this.states].filter(([nodeId]) => this.states.isConfirmed(nodeId)))
  }

  /** A node says that it is online, or said so before the connection was lost. */
  get isCarried(): boolean {
    return [...this.states.values()].some(({ online }) => online)
  }

  /** When a frame came last; before the first, when it was heard of. Of `performance.now()`. */
  get lastMs(): number {
    return Math.max(this.sinceMs, this.arrivals.lastMs)
  }

  /** Throws where it is none, or too long, or of one node too many. */
  state(nodeId: string, payload: Uint8Array): void {
    if (payload.length > MAX_STATE_BYTES) throw new Error(`a state of ${payload.length} bytes: 64 KiB are the most`)
    if (!this.states.has(nodeId) && this.states.size >= MAX_NODES) throw new Error(`more than ${MAX_NODES} nodes`)
    this.states.set(nodeId, parseStreamState(payload))
  }

  lost(): void {
    this.#lostMs = performance.now()
    this.#isToldAgain = false
    this.states.lost()
    this.gate.reconnected()
  }

  dropUnconfirmed(): void {
    this.#isToldAgain = true
    for (const nodeId of this.states.unconfirmed) this.states.delete(nodeId)
  }

  /** Gives its room back: it is not used any more. */
  end(): void {
    this.gate.reset()
    this.#room.rings.release(this.buffer)
    this.buffer = undefined
  }

  #configure(configuration: Configuration): void {
    this.buffer = this.#room.rings.bufferOf(configuration, this.buffer)
    this.hasNoRoom = this.buffer === undefined
  }
}
