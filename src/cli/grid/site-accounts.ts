import type { NodeBus } from '../../bus/index.ts'
import { AccountReport } from '../../recovery/index.ts'
import { monotonicMs } from '../../runtime/clock.ts'
import type { Account, ConsumerAccounts } from '../../streams/index.ts'

const TICK_MS = 1000

interface Accountant {
  accounts(): ReadonlyMap<string, Account>
}

/** What the consumers of one node account for, as its state on the bus tells it. */
export class SiteAccounts {
  readonly #consumers = new Map<string, Accountant>()
  #bus: NodeBus | undefined
  readonly #report = new AccountReport({
    accounts: () => this.#accounts(),
    announce: () => this.#bus?.announce(),
  })

  get latest(): ConsumerAccounts {
    return this.#report.latest
  }

  add(id: string, consumer: Accountant): void {
    this.#consumers.set(id, consumer)
  }

  /** Publishes them by this bus when they changed, until the abort. */
  tell(bus: NodeBus, signal: AbortSignal): void {
    this.#bus = bus
    const timer = setInterval(() => this.#report.tick(monotonicMs()), TICK_MS)
    signal.addEventListener('abort', () => clearInterval(timer), { once: true })
  }

  *#accounts(): Iterable<readonly [string, ReadonlyMap<string, Account>]> {
    for (const [id, consumer] of this.#consumers) yield [id, consumer.accounts()]
  }
}
