import { BrokerConfig } from '../../bus/index.ts'
import { isWildcard } from '../../config/address.ts'
import type { Broker } from '../../config/broker.ts'
import type { Grid, Site } from '../../config/grid.ts'
import { nodeStateTopic, nodeTopic, stateTopic } from '../../streams/index.ts'
import { producedTopics } from '../grid/open-buses.ts'

/** A broker, and what is subscribed there. */
export interface StatusSource {
  readonly broker: BrokerConfig
  readonly filters: readonly string[]
}

/** States of nodes, and of streams by node. */
export const stateFilters = (area = '+'): string[] => [`${area}/+/+/NODE/+/state`, `${area}/+/+/+/+/state/+`]

/**
 * The brokers of a grid file, each with the topics that the file knows: some
 * brokers (RabbitMQ) give a wildcard subscription nothing that is retained.
 * `credentials` are for an embedded broker that has users.
 */
export function sourcesOfGrid({ sites }: Grid, area: string | undefined, credentials: object): StatusSource[] {
  const filters = new Map<string, { broker: BrokerConfig; filters: Set<string> }>()
  for (const site of sites.filter((site) => area === undefined || site.area === area)) {
    for (const broker of brokersOf(site.broker, credentials)) {
      const key = JSON.stringify(broker)
      const source = filters.get(key) ?? { broker, filters: new Set(stateFilters(area)) }
      for (const topic of topicsOf(site)) source.filters.add(topic)
      filters.set(key, source)
    }
  }
  return Array.from(filters.values(), ({ broker, filters }) => ({ broker, filters: [...filters] }))
}

function topicsOf(site: Site): string[] {
  return [nodeStateTopic(nodeTopic(site)), ...producedTopics(site).map((topic) => stateTopic(topic, site.nodeId))]
}

/** An embedded broker as a client on this machine reaches it; none where it has no port that is known. */
function brokersOf(broker: Broker, credentials: object): readonly BrokerConfig[] {
  if (broker.kind === 'servers') return broker.servers
  const { listen, tls } = broker.settings
  const address = listen.find(({ port }) => port > 0)
  if (!address) return []
  const scheme = `${address.transport === 'tcp' ? 'mqtt' : 'ws'}${tls ? 's' : ''}`
  const host = isWildcard(address.host) ? 'localhost' : address.host
  const url = `${scheme}://${host.includes(':') ? `[${host}]` : host}:${address.port}`
  return [BrokerConfig.parse({ url, ...credentials })]
}
