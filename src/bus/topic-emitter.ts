import { FilterMap } from '../streams/index.ts'

interface Packet {
  readonly topic: string
}
type Notify<P> = (packet: P, done: () => void) => void

const nothing = (): void => {}

/**
 * What aedes asks of its message queue. Its own delivers at most 100 messages
 * at once and waits until each subscriber's socket has taken its copy: one that
 * stalls would stop the broker for all. Here nobody waits for a subscriber; the
 * bound on each client's output does the rest. All subscribers get all packets
 * in one order: that of publishing.
 */
export class TopicEmitter<P extends Packet> {
  readonly #listeners = new FilterMap<Notify<P>>()
  /** What was published while another packet is given out: its turn comes after that one. */
  readonly #waiting: P[] = []
  #isGiving = false
  #closed = false

  on(filter: string, notify: Notify<P>, done?: () => void): this {
    this.#listeners.add(filter, notify)
    if (done) setImmediate(done)
    return this
  }

  removeListener(filter: string, notify: Notify<P>, done?: () => void): this {
    this.#listeners.remove(filter, notify)
    if (done) setImmediate(done)
    return this
  }

  emit(packet: P, done: (error?: Error) => void = nothing): this {
    if (this.#closed) {
      done(new Error('broker closed'))
      return this
    }
    // aedes takes what comes out of order for a duplicate, and drops it.
    this.#waiting.push(packet)
    if (!this.#isGiving) this.#give()
    // Not in this call: aedes would read the next packet inside the parser's own loop.
    setImmediate(done)
    return this
  }

  #give(): void {
    this.#isGiving = true
    try {
      for (let next = this.#waiting.shift(); next; next = this.#waiting.shift())
        for (const notify of this.#listeners.match(next.topic)) notify(next, nothing)
    } finally {
      this.#isGiving = false
    }
  }

  close(done: () => void): this {
    this.#closed = true
    setImmediate(done)
    return this
  }
}
