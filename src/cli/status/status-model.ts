import {
  type AccountJson,
  type ConsumerAccounts,
  ContractError,
  meaningOf,
  type NodeState,
  parseNodeState,
  parseStreamState,
  type StreamState,
  sumOf,
} from '../../streams/index.ts'

export interface StreamStatus {
  readonly topic: string
  /** By one of its nodes, which is online itself. */
  readonly online: boolean
  readonly states: readonly StreamState[]
}

/** What one consumer makes of its streams. */
export interface ConsumerStatus {
  readonly node: string
  readonly consumer: string
  readonly streams: readonly (readonly [topic: string, account: AccountJson])[]
  readonly total: AccountJson
}

const NONE: AccountJson = {
  expected: 0,
  live: 0,
  late: 0,
  never_produced: 0,
  not_received: {},
  lost: {},
  pending: 0,
  outside: {},
  duplicates: 0,
  conflicts: 0,
}

/** What is retained of nodes and streams on one or several brokers. */
export class StatusModel {
  readonly #nodes = new Map<string, NodeState>()
  readonly #streams = new Map<string, Map<string, StreamState>>()
  /** Documents that are none of the contract's, by topic. */
  readonly unreadable = new Map<string, string>()
  heard = 0

  /** A message on a state topic, by whichever broker. */
  message(topic: string, payload: Uint8Array): void {
    const meaning = meaningOf(topic)
    if (meaning?.kind !== 'node' && meaning?.kind !== 'state') return
    this.heard++
    this.unreadable.delete(topic)
    try {
      if (meaning.kind === 'node') this.#node(meaning.node, payload)
      else this.#state(meaning.stream, meaning.nodeId, payload)
    } catch (error) {
      if (!(error instanceof ContractError)) throw error
      this.unreadable.set(topic, error.message)
    }
  }

  get nodes(): readonly (readonly [topic: string, state: NodeState])[] {
    return [...this.#nodes].toSorted(byTopic)
  }

  get streams(): readonly StreamStatus[] {
    return [...this.#streams].toSorted(byTopic).map(([topic, byNode]) => {
      const states = [...byNode.values()].toSorted((a, b) => (a.node < b.node ? -1 : 1))
      return { topic, states, online: states.some((state) => this.#carries(state)) }
    })
  }

  get consumers(): readonly ConsumerStatus[] {
    return this.nodes.flatMap(([node, { consumers = {} }]) => consumersOf(node, consumers))
  }

  /** Of a stream on a node: whether both say that it is online. */
  #carries({ online, node }: StreamState): boolean {
    return online && this.#nodes.get(node)?.online !== false
  }

  /** A broker that the node has left still has its will: what says online wins, then what is newer. */
  #node(topic: string, payload: Uint8Array): void {
    if (payload.length === 0) return void this.#nodes.delete(topic)
    const state = parseNodeState(payload)
    const known = this.#nodes.get(topic)
    if (known?.online && !state.online && known.since >= state.since) return
    this.#nodes.set(topic, state)
  }

  #state(stream: string, nodeId: string, payload: Uint8Array): void {
    const states = this.#streams.get(stream) ?? new Map<string, StreamState>()
    if (payload.length === 0) states.delete(nodeId)
    else states.set(nodeId, parseStreamState(payload))
    if (states.size > 0) this.#streams.set(stream, states)
    else this.#streams.delete(stream)
  }
}

function consumersOf(node: string, consumers: ConsumerAccounts): ConsumerStatus[] {
  return Object.entries(consumers).map(([consumer, accounts]) => {
    const streams = Object.entries(accounts).toSorted(byTopic)
    const total = streams.reduce((sum, [, account]) => added(sum, account), NONE)
    return { node, consumer, streams, total }
  })
}

function added(a: AccountJson, b: AccountJson): AccountJson {
  const reasons = (name: 'not_received' | 'lost' | 'outside'): Record<string, number> => {
    const sum = new Map(Object.entries(a[name]))
    for (const [reason, count] of Object.entries(b[name])) sum.set(reason, (sum.get(reason) ?? 0) + count)
    return Object.fromEntries(sum)
  }
  return {
    expected: a.expected + b.expected,
    live: a.live + b.live,
    late: a.late + b.late,
    never_produced: a.never_produced + b.never_produced,
    not_received: reasons('not_received'),
    lost: reasons('lost'),
    pending: a.pending + b.pending,
    outside: reasons('outside'),
    duplicates: a.duplicates + b.duplicates,
    conflicts: a.conflicts + b.conflicts,
  }
}

/** Slots that are lost for good, at all consumers together. */
export const lostAt = (consumers: readonly ConsumerStatus[]): number =>
  consumers.reduce((sum, { total }) => sum + sumOf(total.lost), 0)

const byTopic = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number => (a < b ? -1 : 1)
