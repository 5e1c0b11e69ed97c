import { meaningOf, stateTopic } from '../streams/index.ts'
import type { Bus, Subscription } from './bus.ts'

/** What a producer hears about its stream: the state of one of its nodes, its own included; empty when it was cleared. */
export interface CarrierListener {
  heard(nodeId: string, payload: Uint8Array): void
  /** The connection is gone; what was heard is of yesterday. */
  lost(): void
}

/** The streams of one location on one bus. */
interface Watched {
  readonly subscription: Subscription
  readonly listeners: Map<string, Set<CarrierListener>>
}

/**
 * The states that the nodes of a process's streams publish: who else carries
 * them, and whether somebody cleared or overwrote ours. One subscription per
 * bus and location, however many streams there are.
 */
export class CarrierWatch {
  readonly #watched = new Map<Bus, Map<string, Watched>>()

  /** Returns the way to leave. */
  follow(bus: Bus, stream: string, listener: CarrierListener): () => void {
    const location = stream.split('/').slice(0, 3).join('/')
    const { listeners } = this.#watch(bus, location)
    const ofStream = listeners.get(stream) ?? new Set()
    listeners.set(stream, ofStream.add(listener))
    return () => {
      ofStream.delete(listener)
      if (ofStream.size === 0) listeners.delete(stream)
      if (listeners.size === 0) this.#forget(bus, location)
    }
  }

  #watch(bus: Bus, location: string): Watched {
    let ofBus = this.#watched.get(bus)
    if (!ofBus) {
      ofBus = new Map()
      this.#watched.set(bus, ofBus)
    }
    const known = ofBus.get(location)
    if (known) return known
    const listeners: Watched['listeners'] = new Map()
    const subscription = bus.subscribe(
      stateTopic(`${location}/+/+`, '+'),
      (topic, payload) => {
        const meaning = meaningOf(topic)
        if (meaning?.kind !== 'state') return
        for (const listener of listeners.get(meaning.stream) ?? []) listener.heard(meaning.nodeId, payload)
      },
      {
        onLost: () => {
          for (const ofStream of listeners.values()) for (const listener of ofStream) listener.lost()
        },
      },
    )
    const watched = { subscription, listeners }
    ofBus.set(location, watched)
    return watched
  }

  #forget(bus: Bus, location: string): void {
    const ofBus = this.#watched.get(bus)
    const watched = ofBus?.get(location)
    if (!ofBus || !watched) return
    watched.subscription.close()
    ofBus.delete(location)
    if (ofBus.size === 0) this.#watched.delete(bus)
  }
}
