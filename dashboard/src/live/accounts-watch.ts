/**
 * Looks at all accounts once a second, from when they are first wanted: the
 * historian's by its API, those of others as their nodes tell them on the bus.
 */
import type { NodeState } from '../../../src/streams/index.ts'
import { getAccounts } from '../api/accounts.ts'
import { ConsumerWatch } from '../health/consumer-watch.ts'
import type { LiveScene } from './live-scene.ts'

/** This historian's, among the consumers. */
export const HISTORIAN = 'historian'
/** Beside the historian. */
const MAX_CONSUMERS = 24
/** Its node told nothing new of it for so long: another consumer may have its place. */
const GONE_MS = 600_000
const EVERY_MS = 1000
/** An answer that takes longer is given up. */
const ANSWER_MS = 5000

export interface WatchedConsumer {
  /** `historian`, or `NODE|CONSUMER`. */
  readonly id: string
  /** Topic of the node that tells it; undefined: the historian does. */
  readonly node: string | undefined
  readonly label: string
  readonly watch: ConsumerWatch
}

type Nodes = Pick<LiveScene, 'nodes' | 'isConnected' | 'isConfirmed'>

export class AccountsWatch {
  /** Why the historian does not tell its accounts now. */
  trouble: string | undefined
  readonly #live: Nodes
  readonly #consumers = new Map<string, WatchedConsumer & { toldMs: number }>()
  /** What was looked at: a node tells its accounts anew when they have changed. */
  readonly #seen = new WeakSet<NodeState>()

  private constructor(live: Nodes) {
    this.#live = live
  }

  /** It goes on as long as the page is open: what happened while another one was looked at is told, too. */
  static start(live: Nodes): AccountsWatch {
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

  /** Why an account of it may be old. */
  whyOld({ node }: WatchedConsumer): string {
    if (node === undefined)
      return this.trouble === undefined ? 'the historian tells no more of it' : 'the historian does not tell'
    if (!this.#live.isConnected) return 'this page has no connection to the bus'
    const state = this.#live.nodes.get(node)
    if (!state || !this.#live.isConfirmed(node)) return 'its node is not known any more'
    return state.online ? 'its node is online, and has told nothing new of it' : 'its node is offline'
  }

  async #askHistorian(): Promise<void> {
    try {
      const accounts = await getAccounts(AbortSignal.timeout(ANSWER_MS))
      this.trouble = undefined
      this.#of(HISTORIAN, 'this historian', undefined)?.look(accounts, Date.now() / 1000)
    } catch (error) {
      this.trouble = error instanceof Error ? error.message : String(error)
    }
  }

  #readNodes(): void {
    if (!this.#live.isConnected) return
    for (const [node, state] of this.#live.nodes) {
      if (!state.online || !this.#live.isConfirmed(node) || this.#seen.has(state)) continue
      this.#seen.add(state)
      const { consumers = {} } = state
      for (const [consumer, accounts] of Object.entries(consumers)) {
        const label = `${consumer} at ${node.split('/').slice(1).join('/')}`
        this.#of(`${node}|${consumer}`, label, node)?.look(accounts, Date.now() / 1000)
      }
    }
  }

  #of(id: string, label: string, node: string | undefined): ConsumerWatch | undefined {
    const nowMs = performance.now()
    const known = this.#consumers.get(id)
    if (known) {
      known.toldMs = nowMs
      return known.watch
    }
    if (id !== HISTORIAN && !this.#hasPlace(nowMs)) return undefined
    const watch = new ConsumerWatch()
    this.#consumers.set(id, { id, node, label, watch, toldMs: nowMs })
    return watch
  }

  #hasPlace(nowMs: number): boolean {
    const others = [...this.#consumers.values()].filter(({ id }) => id !== HISTORIAN)
    if (others.length < MAX_CONSUMERS) return true
    const gone = others.find(({ toldMs }) => nowMs - toldMs >= GONE_MS)
    return gone !== undefined && this.#consumers.delete(gone.id)
  }
}

let started: { readonly live: LiveScene; readonly watch: AccountsWatch } | undefined

/** One for the scene, however often it is asked for. */
export function accountsWatchOf(live: LiveScene): AccountsWatch {
  if (started?.live !== live) started = { live, watch: AccountsWatch.start(live) }
  return started.watch
}
