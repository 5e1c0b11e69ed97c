/** When a node's state must tell its accounts anew: when they changed, and not too often. */
import { type Account, type AccountJson, accountJson, type ConsumerAccounts, sumOf } from '../streams/index.ts'

export interface AccountReportOptions {
  /** The consumers of this process: by id, what each makes of its streams. */
  readonly accounts: () => Iterable<readonly [consumer: string, accounts: ReadonlyMap<string, Account>]>
  /** Makes the node publish its state anew, with {@link AccountReport.latest}. */
  readonly announce: () => void
  /** Shortest time from one publication to the next. Default 5,000. */
  readonly everyMs?: number
}

const EVERY_MS = 5000
/** Quotes, colon and comma of an entry. */
const PUNCTUATION = 4
/**
 * Nothing live should wait behind it for long. Where the accounts are longer,
 * those of streams that lack nothing are left out, then of those that lack least.
 */
const MAX_JSON_LENGTH = 48 * 1024

export class AccountReport {
  readonly #options: AccountReportOptions
  #text = '{}'
  #latest: ConsumerAccounts = {}
  #told: number | undefined

  constructor(options: AccountReportOptions) {
    this.#options = options
  }

  /** As it was published last, or is to be now. */
  get latest(): ConsumerAccounts {
    return this.#latest
  }

  /** Call it every second or so; monotonic time in ms. */
  tick(nowMs: number): void {
    const { everyMs = EVERY_MS, announce } = this.#options
    if (this.#told !== undefined && nowMs - this.#told < everyMs) return
    const consumers = this.#bounded()
    const text = JSON.stringify(consumers)
    if (text === this.#text) return
    this.#told = nowMs
    this.#text = text
    this.#latest = consumers
    announce()
  }

  #bounded(): ConsumerAccounts {
    const all = this.#collect().map(({ consumer, stream, account }) => {
      const json = accountJson(account)
      return { consumer, stream, json, lacking: account.pending + sumOf(account.lost) }
    })
    let left = MAX_JSON_LENGTH
    const isLong = JSON.stringify(all.map(({ json, stream }) => [stream, json])).length > MAX_JSON_LENGTH
    const told = isLong ? all.filter(({ lacking }) => lacking > 0).toSorted((a, b) => b.lacking - a.lacking) : all
    const consumers = new Map<string, Map<string, AccountJson>>()
    for (const { consumer, stream, json } of told) {
      left -= JSON.stringify(json).length + stream.length + PUNCTUATION
      if (isLong && left < 0) break
      const streams = consumers.get(consumer) ?? new Map<string, AccountJson>()
      consumers.set(consumer, streams.set(stream, json))
    }
    return Object.fromEntries(Array.from(consumers, ([consumer, streams]) => [consumer, Object.fromEntries(streams)]))
  }

  #collect(): { readonly consumer: string; readonly stream: string; readonly account: Account }[] {
    return Array.from(this.#options.accounts(), ([consumer, accounts]) =>
      Array.from(accounts, ([stream, account]) => ({ consumer, stream, account })),
    ).flat()
  }
}
