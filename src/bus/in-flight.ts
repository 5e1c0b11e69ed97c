import type { Settled } from './bus.ts'
import { FIRST_LIVE_ID } from './control-ids.ts'
import type { PublishCounts } from './silence-watch.ts'

const CAPACITY = 0x10000 - FIRST_LIVE_ID

const nobody: Settled = () => {}

/** QoS 1 publishes without a PUBACK, by packet identifier: 32,768 at most. */
export class InFlight {
  readonly #settled = new Array<Settled | undefined>(CAPACITY)
  #taken = 0
  #count = 0
  #oldest = 0

  get count(): number {
    return this.#count
  }

  get counts(): PublishCounts {
    while (this.#oldest < this.#taken && this.#settled[this.#oldest % CAPACITY] === undefined) this.#oldest++
    return { taken: this.#taken, settled: this.#taken - this.#count, oldest: this.#oldest }
  }

  /** The packet identifier to send with, or 0 when the next one is still out. */
  take(settled: Settled = nobody): number {
    const index = this.#taken % CAPACITY
    if (this.#settled[index] !== undefined) return 0
    this.#settled[index] = settled
    this.#taken++
    this.#count++
    return index + FIRST_LIVE_ID
  }

  /** A PUBACK came. An identifier that is not out is ignored: the broker's mistake, not ours. */
  acknowledge(id: number): void {
    const index = id - FIRST_LIVE_ID
    const settled = index < 0 ? undefined : this.#settled[index]
    if (!settled) return
    this.#settled[index] = undefined
    this.#count--
    settled()
  }

  /** The connection is gone: none of them will be answered. */
  fail(error: Error): void {
    if (this.#count === 0) return
    const open = this.#settled.filter((settled) => settled !== undefined)
    this.#settled.fill(undefined)
    this.#count = 0
    for (const settled of open) settled(error)
  }
}
