import type { UdpReceiver } from '../config/transport.ts'
import { deferred } from '../runtime/deferred.ts'
import type { LinkError } from './link-error.ts'
import { openTap, type Tap, type TapInput } from './tap.ts'
import { openUdpPort, type UdpPort } from './udp-port.ts'

/**
 * What several sources of one process may read together: a UDP port that many
 * PMUs send to, and a capture in which many are seen. Opened by the first and
 * closed by the last. A port of 0 is everyone's own.
 */
export interface SharedInputs {
  udp(receiver: UdpReceiver): Promise<Lease<UdpPort>>
  tap(input: TapInput): Promise<Lease<Tap>>
}

export interface Lease<T> {
  readonly value: T
  /** Why it ended by itself; pending forever otherwise. Of this lease alone: nobody who waits outlives it. */
  readonly failed: Promise<LinkError>
  release(): void
}

export function createSharedInputs(): SharedInputs {
  const ports = new Shared<UdpPort>()
  const taps = new Shared<Tap>()

  return {
    async udp(receiver) {
      const { host, port, group, interface: on } = receiver
      const open = (): Promise<UdpPort> => openUdpPort(receiver)
      const lease = port === 0 ? own(await open()) : await ports.lease(`${host} ${port}`, open)
      if (group === undefined) return lease

      try {
        lease.value.join(group, on)
      } catch (error) {
        lease.release()
        throw error
      }
      return {
        ...lease,
        release() {
          lease.value.leave(group, on)
          lease.release()
        },
      }
    },
    tap: (input) => taps.lease(JSON.stringify(input), () => openTap(input)),
  }
}

interface Closable {
  close(): void
  /** Resolves when it ended by itself: the next lease opens a new one. */
  readonly failed: Promise<LinkError>
}

function own<T extends Closable>(value: T): Lease<T> {
  return { value, failed: value.failed, release: () => value.close() }
}

interface SharedEntry<T> {
  readonly opening: Promise<T>
  users: number
  failure: LinkError | undefined
  /** Whom to tell of a failure. */
  readonly leases: Set<(failure: LinkError) => void>
}

/** Things with a key, counted by their users. */
class Shared<T extends Closable> {
  readonly #entries = new Map<string, SharedEntry<T>>()

  async lease(key: string, open: () => Promise<T>): Promise<Lease<T>> {
    const taken = this.#entries.get(key) ?? this.#open(key, open)
    const forget = (): void => this.#forget(key, taken)
    taken.users++
    let value: T
    try {
      value = await taken.opening
    } catch (error) {
      forget()
      throw error
    }
    const { promise: failed, resolve: tell } = deferred<LinkError>()
    if (taken.failure) tell(taken.failure)
    else taken.leases.add(tell)
    return {
      value,
      failed,
      release() {
        taken.leases.delete(tell)
        taken.users--
        if (taken.users > 0) return
        forget()
        value.close()
      },
    }
  }

  #open(key: string, open: () => Promise<T>): SharedEntry<T> {
    const entry: SharedEntry<T> = { opening: open(), users: 0, failure: undefined, leases: new Set() }
    this.#entries.set(key, entry)
    const failed = (failure: LinkError): void => {
      entry.failure = failure
      this.#forget(key, entry)
      for (const tell of entry.leases) tell(failure)
    }
    // Whoever opens it sees why it cannot be opened.
    entry.opening.then(({ failed: end }) => void end.then(failed)).catch(() => {})
    return entry
  }

  #forget(key: string, entry: SharedEntry<T>): void {
    if (this.#entries.get(key) === entry) this.#entries.delete(key)
  }
}
