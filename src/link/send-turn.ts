const MAX_GATHERED_BYTES = 16_384

/** So much is gathered for one client before it goes out, in mid-turn: half of what may be unsent, that it is not held to be slow. */
export const mostGathered = (bufferedBytes: number): number => Math.min(MAX_GATHERED_BYTES, bufferedBytes / 2)

/**
 * What is given in one turn of the event loop leaves at its end, after it was
 * noted: whoever is killed in between has noted too much, never too little.
 */
export class SendTurn {
  readonly #noted: (() => void) | undefined
  #sends: (() => void)[] = []
  readonly #end = (): void => {
    const sends = this.#sends
    this.#sends = []
    this.#noted?.()
    for (const send of sends) send()
  }

  /** `noted` is called before what was given since the last time leaves. Without it there is nothing to wait for. */
  constructor(noted?: () => void) {
    this.#noted = noted
  }

  /** What is given has to wait for the end of the turn. */
  get mustNote(): boolean {
    return this.#noted !== undefined
  }

  /** Calls `send` once, at the end of this turn. */
  atEnd(send: () => void): void {
    if (this.#sends.length === 0) process.nextTick(this.#end)
    this.#sends.push(send)
  }

  /** Something leaves before the end. */
  note(): void {
    this.#noted?.()
  }
}
