/**
 * One stream as a reader gets it: configurations and data frames in the order
 * the broker chose. The gate lets a data frame through only under the
 * configuration of its own epoch. Pure: no clock, no socket.
 */
import {
  type Configuration,
  dataFrameSize,
  decodeConfiguration,
  FrameError,
  sameConfiguration,
} from '../c37118/index.ts'

/** What the gate gives. Synchronous; frames are views that may be kept. */
export interface EpochOutput {
  /** A new epoch: every data frame after this call belongs to it. */
  configuration(fragments: readonly Uint8Array[], configuration: Configuration): void
  data(frame: Uint8Array): void
  /** Something was not let through. */
  dropped(count: number, reason: EpochDrop): void
}

export type EpochDrop =
  /** Held for a configuration until the bound was reached, oldest first. */
  | 'held-overflow'
  /** Held when the connection ended: the configuration that comes over the next may be another. */
  | 'connection-lost'
  /** A size that the configuration in force does not give, and no newer configuration came. */
  | 'size-mismatch'
  /** A retained delivery that a live one had overtaken. */
  | 'stale-configuration'
  | 'bad-configuration'

export interface EpochGateOptions {
  /** Frames held until a configuration is there. Default 256: two seconds of 120 frames/s. */
  readonly maxHeldFrames?: number
  /** Bytes held, at most. Default 1 MiB. */
  readonly maxHeldBytes?: number
  /** Shared by all gates of a reader: whoever invents streams cannot make them hold more than this. */
  readonly budget?: HeldBudget
}

export interface HeldBudget {
  readonly maxBytes: number
  usedBytes: number
}

export class EpochGate {
  readonly #output: EpochOutput
  readonly #maxFrames: number
  readonly #maxBytes: number
  readonly #budget: HeldBudget
  #fragments: readonly Uint8Array[] | undefined
  #frameSize = 0
  /** A configuration came over the connection there is now. */
  #confirmed = false
  /** One came live, so retained deliveries of this connection are old news. */
  #live = false
  #held: Uint8Array[] = []
  #heldBytes = 0

  constructor(output: EpochOutput, options: EpochGateOptions = {}) {
    const { maxHeldFrames = 256, maxHeldBytes = 1024 * 1024, budget } = options
    this.#output = output
    this.#maxFrames = maxHeldFrames
    this.#maxBytes = maxHeldBytes
    this.#budget = budget ?? { maxBytes: maxHeldBytes, usedBytes: 0 }
  }

  /** The configuration in force, as received. */
  get fragments(): readonly Uint8Array[] | undefined {
    return this.#fragments
  }

  /** Frames wait for a configuration: ask the broker for the retained one. */
  get waiting(): boolean {
    return this.#held.length > 0
  }

  /** The connection is a new one: what is in force must be heard again before it is believed. */
  reconnected(): void {
    this.#unsettle()
    const { length } = this.#release()
    if (length > 0) this.#output.dropped(length, 'connection-lost')
  }

  configuration(fragments: readonly Uint8Array[], retained: boolean): void {
    if (retained && this.#live) {
      this.#output.dropped(1, 'stale-configuration')
      return
    }
    const isNew = this.#fragments === undefined || !sameConfiguration(this.#fragments, fragments)
    if (isNew) {
      const epoch = read(fragments)
      if (!epoch) {
        this.#output.dropped(1, 'bad-configuration')
        return
      }
      this.#fragments = fragments
      this.#frameSize = epoch.frameSize
      this.#settle(retained)
      this.#output.configuration(fragments, epoch.configuration)
    } else {
      this.#settle(retained)
    }
    this.giveUp()
  }

  /** One data frame whose CHK is right. */
  data(frame: Uint8Array): void {
    if (this.#confirmed && frame.length === this.#frameSize) this.#output.data(frame)
    else this.#hold(frame)
  }

  /** No newer configuration is to be had: lets go what fits the one in force, drops the rest. */
  giveUp(): void {
    if (!this.#confirmed || this.#held.length === 0) return
    const held = this.#release()
    let mismatched = 0
    for (const frame of held) {
      if (frame.length === this.#frameSize) this.#output.data(frame)
      else mismatched++
    }
    if (mismatched > 0) this.#output.dropped(mismatched, 'size-mismatch')
  }

  /** Forgets everything: the stream was retired. */
  reset(): void {
    this.#unsettle()
    this.#fragments = undefined
    this.#frameSize = 0
    this.#release()
  }

  #unsettle(): void {
    this.#confirmed = false
    this.#live = false
  }

  #settle(retained: boolean): void {
    this.#confirmed = true
    if (!retained) this.#live = true
  }

  #release(): Uint8Array[] {
    const held = this.#held
    this.#budget.usedBytes -= this.#heldBytes
    this.#held = []
    this.#heldBytes = 0
    return held
  }

  #hold(frame: Uint8Array): void {
    // A copy: a view would keep the whole socket read it came in.
    this.#held.push(new Uint8Array(frame))
    this.#count(frame.length)
    let dropped = 0
    while (this.#held.length > 0 && this.#isTooMuch()) {
      this.#count(-this.#held.shift()!.length)
      dropped++
    }
    if (dropped > 0) this.#output.dropped(dropped, 'held-overflow')
  }

  #count(bytes: number): void {
    this.#heldBytes += bytes
    this.#budget.usedBytes += bytes
  }

  #isTooMuch(): boolean {
    const { usedBytes, maxBytes } = this.#budget
    return this.#held.length > this.#maxFrames || this.#heldBytes > this.#maxBytes || usedBytes > maxBytes
  }
}

function read(fragments: readonly Uint8Array[]): { configuration: Configuration; frameSize: number } | undefined {
  try {
    const configuration = decodeConfiguration(fragments)
    return { configuration, frameSize: dataFrameSize(configuration) }
  } catch (error) {
    if (!(error instanceof FrameError)) throw error
    return undefined
  }
}
