import type { Bus } from '../bus/index.ts'
import { allLost, type Remedy, type RemedyHooks } from './remedy.ts'

/** Gaps stay: what did not come is lost as soon as it is known to be missing. */
export class NoRemedy implements Remedy {
  readonly bus: Bus
  readonly #hooks: RemedyHooks
  readonly #lost: ReturnType<typeof allLost>

  constructor(bus: Bus, hooks: RemedyHooks, reason: string) {
    this.bus = bus
    this.#hooks = hooks
    this.#lost = allLost(reason)
  }

  tick(): void {
    for (const stream of this.#hooks.streams.values()) {
      if (stream.ledger.pending > 0) this.#hooks.explain(stream, this.#lost)
    }
  }

  follow(): void {}
  leave(): void {}
  state(): void {}
  left(): void {}
  live(): void {}
  lost(): void {}
  room(): void {}
  retry(): void {}
  turn(): void {}
  close(): void {}
}
