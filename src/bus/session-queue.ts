/** A message of the session that was read and is not done with. */
export interface HeldMessage {
  readonly topic: string
  /** A view of the socket read it came in. */
  readonly payload: Uint8Array
  readonly retained: boolean
  /** 0: at QoS 0, nothing to acknowledge. */
  readonly id: number
  readonly isAgain: boolean
  /** It was found to be late, and nobody took it yet. */
  isLate: boolean
}

/**
 * Messages read and not done with, in order. Its owner pauses the socket while
 * there are any, so it holds no more than one socket read (64 KiB) brings.
 */
export class HeldMessages {
  #messages: HeldMessage[] = []
  #first = 0

  get length(): number {
    return this.#messages.length - this.#first
  }

  get first(): HeldMessage | undefined {
    return this.#messages[this.#first]
  }

  push(message: HeldMessage): void {
    this.#messages.push(message)
  }

  shift(): void {
    this.#first++
    if (this.#first >= this.#messages.length) this.clear()
  }

  clear(): void {
    this.#messages = []
    this.#first = 0
  }
}
