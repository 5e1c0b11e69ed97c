/** The brokers a line can stand on, and who uses which. */
import type { LabBroker } from '../lab/brokers/broker.ts'
import { type MosquittoOptions, startMosquitto } from '../lab/brokers/mosquitto.ts'
import { startNatsCluster } from '../lab/brokers/nats.ts'
import { startRabbitMqCluster } from '../lab/brokers/rabbitmq.ts'
import type { Network } from '../lab/network.ts'
import type { BrokerSetting } from '../lab/phasorbus.ts'

export type BrokerPlan =
  | { readonly kind: 'mosquitto'; readonly persistence?: NonNullable<MosquittoOptions['persistence']> }
  /** One at the site and one at the PoP; who can reach both uses both. Plain clients know of the PoP's only, where nothing else is said. */
  | { readonly kind: 'site-and-pop'; readonly plainKnowsBoth?: boolean }
  /** The same, joined by a Mosquitto bridge: who is at the site knows the site's only. */
  | { readonly kind: 'bridge' }
  | { readonly kind: 'rabbitmq' | 'nats' }

export interface Brokers {
  readonly all: readonly LabBroker[]
  /** URLs in the order in which they are tried. Several are addresses of one cluster. */
  readonly forPublisher: readonly string[]
  readonly forConsumer: readonly string[]
  /** As grid files say it. */
  readonly settings: { readonly publisher: BrokerSetting; readonly consumer: BrokerSetting }
}

const clusterHosts = ['broker-1', 'broker-2', 'broker-3']

export function hostsOf({ kind }: BrokerPlan): readonly string[] {
  if (kind === 'mosquitto') return ['broker']
  if (kind === 'site-and-pop' || kind === 'bridge') return ['site-broker', 'pop-broker']
  return clusterHosts
}

export async function startBrokers(network: Network, plan: BrokerPlan): Promise<Brokers> {
  switch (plan.kind) {
    case 'mosquitto':
      return one(await startMosquitto(network, 'broker', plan))
    case 'site-and-pop': {
      const [site, pop] = await Promise.all([
        startMosquitto(network, 'site-broker'),
        startMosquitto(network, 'pop-broker'),
      ])
      return {
        all: [site, pop],
        forPublisher: plan.plainKnowsBoth ? [pop.url, site.url] : [pop.url],
        forConsumer: plan.plainKnowsBoth ? [pop.url, site.url] : [pop.url],
        settings: { publisher: [site.url, pop.url], consumer: [pop.url, site.url] },
      }
    }
    case 'bridge': {
      const pop = await startMosquitto(network, 'pop-broker', { persistence: 'often' })
      const bridgeTo = { name: 'pop', address: network.host('pop-broker').address }
      const site = await startMosquitto(network, 'site-broker', { persistence: 'often', bridgeTo })
      return {
        all: [site, pop],
        forPublisher: [site.url],
        forConsumer: [pop.url],
        settings: { publisher: site.url, consumer: pop.url },
      }
    }
    case 'rabbitmq':
      return cluster(await startRabbitMqCluster(network, clusterHosts))
    case 'nats':
      return cluster(await startNatsCluster(network, clusterHosts))
  }
}

const one = (broker: LabBroker): Brokers => ({
  all: [broker],
  forPublisher: [broker.url],
  forConsumer: [broker.url],
  settings: { publisher: broker.url, consumer: broker.url },
})

/** Publisher and consumer begin at different nodes, so that the cluster has something to carry. */
function cluster(nodes: readonly LabBroker[]): Brokers {
  const urls = nodes.map(({ url }) => url)
  const [first = '', ...others] = urls
  const turned = [...others, first]
  return {
    all: nodes,
    forPublisher: urls,
    forConsumer: turned,
    settings: { publisher: { url: urls }, consumer: { url: turned } },
  }
}
