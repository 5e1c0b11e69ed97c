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
 * bound on each client's output does the rest.
 */
export class TopicEmitter<P extends Packet> {
  readonly #listeners = new FilterMap<Notify<P>>()
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
    for (const notify of this.#listeners.match(packet.topic)) notify(packet, nothing)
    // Not in this call: aedes would read the next packet inside the parser's own loop.
    setImmediate(done)
    return this
  }

  close(done: () => void): this {
    this.#closed = true
    setImmediate(done)
    return this
  }
}
