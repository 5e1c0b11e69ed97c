/** One consumer: its accounts as they were told last, and what they say happened. Pure, bounded. */
import type { AccountJson } from '../../../src/streams/index.ts'
import { AccountEvents } from './account-events.ts'
import { EventLog } from './event-log.ts'
import { HISTORY_S, PendingHistory } from './pending-history.ts'

export const MAX_STREAMS = 512
/** Accounts that go on are told every few seconds: one that was not for so long is old. */
const OLD_S = 15

interface Watched {
  readonly events: AccountEvents
  account: AccountJson
  saidS: number
}

export class ConsumerWatch {
  readonly history = new PendingHistory()
  readonly log = new EventLog()
  readonly #streams = new Map<string, Watched>()

  /** All that is told at this time. */
  look(accounts: Readonly<Record<string, AccountJson>>, atS: number): void {
    const pending = new Map<string, number>()
    for (const [topic, account] of Object.entries(accounts)) {
      const known = this.#streams.get(topic)
      if (!known && this.#streams.size >= MAX_STREAMS) continue
      const watched = known ?? { events: new AccountEvents(), account, saidS: atS }
      this.#streams.set(topic, watched)
      watched.account = account
      watched.saidS = atS
      pending.set(topic, account.pending)
      this.log.add(topic, watched.events.next(account, atS))
    }
    this.history.add(atS, pending)
    for (const [topic, { saidS }] of this.#streams) {
      if (atS - saidS < HISTORY_S) continue
      this.#streams.delete(topic)
      this.history.forget(topic)
    }
  }

  get topics(): readonly string[] {
    return [...this.#streams.keys()]
  }

  account(topic: string): AccountJson | undefined {
    return this.#streams.get(topic)?.account
  }

  /** Seconds since the account was told; undefined where that is not long ago. */
  oldS(topic: string, nowS: number): number | undefined {
    const ageS = nowS - (this.#streams.get(topic)?.saidS ?? nowS)
    return ageS < OLD_S ? undefined : ageS
  }
}
