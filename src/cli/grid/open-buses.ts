import {
  type Bus,
  type BusNode,
  type EmbeddedBroker,
  type NodeBus,
  startBus,
  startEmbeddedBroker,
  startFailoverBus,
} from '../../bus/index.ts'
import type { Broker } from '../../config/broker.ts'
import type { Site } from '../../config/grid.ts'
import type { Running, ServiceDeps } from '../../runtime/service.ts'

export type Keep = <R extends Running>(running: R) => R

/** The ways of one site to its brokers. */
export interface SiteBuses {
  /** One for each broker, nearest first: what is published goes to all. */
  readonly each: readonly Bus[]
  /** By way of the nearest broker that works. */
  readonly nearest: NodeBus
  /** The same by further connections, so that what they carry does not stand before a live frame. */
  apart(role: string): {
    readonly each: () => readonly Bus[]
    /** To the broker that `nearest` uses at the time. */
    readonly nearest: () => Bus
  }
}

/** Embedded brokers of this process; sites that name the same one share it. */
export class EmbeddedBrokers {
  readonly #deps: ServiceDeps
  readonly #keep: Keep
  readonly #running = new Map<Broker, EmbeddedBroker>()

  constructor(deps: ServiceDeps, keep: Keep) {
    this.#deps = deps
    this.#keep = keep
  }

  get addresses(): readonly { readonly url: string }[] {
    return [...this.#running.values()].flatMap(({ addresses }) => addresses)
  }

  async of(broker: Broker & { readonly kind: 'embedded' }): Promise<EmbeddedBroker> {
    const known = this.#running.get(broker)
    if (known) return known
    const started = this.#keep(await startEmbeddedBroker(broker.settings, this.#deps))
    this.#running.set(broker, started)
    return started
  }
}

export interface OpenBusesDeps extends ServiceDeps {
  readonly embedded: EmbeddedBrokers
  /** What the consumers of this node account for. */
  readonly consumers?: BusNode['consumers']
  readonly keep: Keep
}

export async function openBuses(
  { broker, ...site }: Site,
  { embedded, consumers, keep, ...deps }: OpenBusesDeps,
): Promise<SiteBuses> {
  const node = { ...nodeOf(site), ...(consumers && { consumers }) }
  if (broker.kind === 'embedded') {
    const bus = (await embedded.of(broker)).bus(node)
    return { each: [bus], nearest: bus, apart: () => ({ each: () => [bus], nearest: () => bus }) }
  }
  const { servers } = broker
  const nearest = keep(startFailoverBus(servers, { ...deps, node }))
  return {
    each: nearest.members,
    nearest,
    apart: (role) => ({
      each: () => servers.map((server) => keep(startBus(server, { ...deps, node, role }))),
      nearest: () => keep(startFailoverBus(servers, { ...deps, node, role, follow: nearest })),
    }),
  }
}

export function nodeOf(site: Omit<Site, 'broker'>): BusNode {
  const { area, locationType, locationId, nodeId } = site
  return { area, locationType, locationId, nodeId, streams: producedTopics(site) }
}

/** Of its PMUs, and of what its PDCs publish. */
export function producedTopics({ pmus, pdcs }: Pick<Site, 'pmus' | 'pdcs'>): readonly string[] {
  const outputs = pdcs.flatMap(({ outputs }) => outputs.flatMap(({ topic }) => topic ?? []))
  return [...pmus.map(({ topic }) => topic), ...outputs]
}
