/**
 * Looks at all accounts once a second, from when they are first wanted: the
 * historian's by its API, those of others as their nodes tell them on the bus.
 */
import { getAccounts } from '../api/accounts.ts'
import { ConsumerWatch } from '../health/consumer-watch.ts'
import type { LiveScene } from './live-scene.ts'

/** This historian's, among the consumers. */
export const HISTORIAN = 'historian'
/** Beside the historian. */
const MAX_CONSUMERS = 24
/** Its node was not online for so long: another consumer may have its place. */
const GONE_MS = 600_000
const EVERY_MS = 1000
/** An answer that takes longer is given up. */
const ANSWER_MS = 5000

export interface WatchedConsumer {
  /** `historian`, or `NODE|CONSUMER`. */
  readonly id: string
  readonly label: string
  readonly watch: ConsumerWatch
}

export class AccountsWatch {
  /** Why the historian does not tell its accounts now. */
  trouble: string | undefined
  readonly #live: LiveScene
  readonly #consumers = new Map<string, WatchedConsumer & { onlineMs: number }>()

  private constructor(live: LiveScene) {
    this.#live = live
  }

  /** It goes on as long as the page is open: what happened while another one was looked at is told, too. */
  static start(live: LiveScene): AccountsWatch {
    const watch = new AccountsWatch(live)
    const look = async (): Promise<void> => {
      await watch.#askHistorian()
      watch.#readNodes()
      setTimeout(look, EVERY_MS)
    }
    void look()
    return watch
  }

  /** The historian first. */
  get consumers(): readonly WatchedConsumer[] {
    return [...this.#consumers.values()].sort((one, other) =>
      one.id === HISTORIAN ? -1 : other.id === HISTORIAN ? 1 : one.id < other.id ? -1 : 1,
    )
  }

  async #askHistorian(): Promise<void> {
    try {
      const accounts = await getAccounts(AbortSignal.timeout(ANSWER_MS))
      this.trouble = undefined
      this.#of(HISTORIAN, 'this historian', true)?.look(accounts, Date.now() / 1000)
    } catch (error) {
      this.trouble = error instanceof Error ? error.message : String(error)
    }
  }

  #readNodes(): void {
    for (const [node, { online, consumers = {} }] of this.#live.nodes) {
      for (const [consumer, accounts] of Object.entries(consumers)) {
        const label = `${consumer} at ${node.split('/').slice(1).join('/')}`
        this.#of(`${node}|${consumer}`, label, online)?.look(accounts, Date.now() / 1000)
      }
    }
  }

  #of(id: string, label: string, isOnline: boolean): ConsumerWatch | undefined {
    const nowMs = performance.now()
    const known = this.#consumers.get(id)
    if (known) {
      if (isOnline) known.onlineMs = nowMs
      return known.watch
    }
    if (id !== HISTORIAN && !this.#hasPlace(nowMs)) return undefined
    const watch = new ConsumerWatch()
    this.#consumers.set(id, { id, label, watch, onlineMs: nowMs })
    return watch
  }

  #hasPlace(nowMs: number): boolean {
    const others = [...this.#consumers.values()].filter(({ id }) => id !== HISTORIAN)
    if (others.length < MAX_CONSUMERS) return true
    const gone = others.find(({ onlineMs }) => nowMs - onlineMs >= GONE_MS)
    return gone !== undefined && this.#consumers.delete(gone.id)
  }
}

let started: { readonly live: LiveScene; readonly watch: AccountsWatch } | undefined

/** One for the scene, however often it is asked for. */
export function accountsWatchOf(live: LiveScene): AccountsWatch {
  if (started?.live !== live) started = { live, watch: AccountsWatch.start(live) }
  return started.watch
}
