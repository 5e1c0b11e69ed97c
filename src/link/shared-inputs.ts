import type { UdpReceiver } from '../config/transport.ts'
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
  release(): void
}

export function createSharedInputs(): SharedInputs {
  const ports = new Shared<UdpPort>()
  const taps = new Shared<Tap>()
  const groups = new Map<string, number>()

  return {
    async udp(receiver) {
      const { host, port, group, interface: on } = receiver
      const open = (): Promise<UdpPort> => openUdpPort(receiver)
      const lease = port === 0 ? own(await open()) : await ports.lease(`${host} ${port}`, open)
      if (group === undefined) return lease

      const membership = `${lease.value.port} ${group} ${on ?? ''}`
      const members = groups.get(membership) ?? 0
      if (members === 0) lease.value.join(group, on)
      groups.set(membership, members + 1)
      return {
        value: lease.value,
        release() {
          const left = (groups.get(membership) ?? 1) - 1
          if (left > 0) groups.set(membership, left)
          else groups.delete(membership)
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
  readonly failed: Promise<unknown>
}

function own<T extends Closable>(value: T): Lease<T> {
  return { value, release: () => value.close() }
}

/** Things with a key, counted by their users. */
class Shared<T extends Closable> {
  readonly #entries = new Map<string, { readonly opening: Promise<T>; users: number }>()

  async lease(key: string, open: () => Promise<T>): Promise<Lease<T>> {
    let entry = this.#entries.get(key)
    if (!entry) {
      entry = { opening: open(), users: 0 }
      this.#entries.set(key, entry)
    }
    const taken = entry
    const forget = (): void => {
      if (this.#entries.get(key) === taken) this.#entries.delete(key)
    }
    taken.users++
    let value: T
    try {
      value = await taken.opening
    } catch (error) {
      forget()
      throw error
    }
    void value.failed.then(forget)
    return {
      value,
      release() {
        taken.users--
        if (taken.users > 0) return
        forget()
        value.close()
      },
    }
  }
}
