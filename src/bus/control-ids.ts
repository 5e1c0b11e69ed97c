import type { IClientOptions } from 'mqtt'

type MessageIdProvider = NonNullable<IClientOptions['messageIdProvider']>

/** MQTT.js takes packet identifiers below this; those from here on are for live publishes. */
export const FIRST_LIVE_ID = 0x8000

/**
 * Packet identifiers for what MQTT.js sends itself (SUBSCRIBE, UNSUBSCRIBE):
 * the lower half, so that it can never answer for one of our publishes.
 */
export class ControlIds implements MessageIdProvider {
  #last = 0

  allocate(): number {
    this.#last = (this.#last % (FIRST_LIVE_ID - 1)) + 1
    return this.#last
  }

  getLastAllocated(): number | null {
    return this.#last === 0 ? null : this.#last
  }

  register(): boolean {
    return true
  }

  deallocate(): void {}

  clear(): void {}
}
