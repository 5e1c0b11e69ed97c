import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Network } from '../network.ts'
import { type LabBroker, mqttPort, runBroker } from './broker.ts'

const clusterPort = 6222

/** A NATS node of each host, one cluster; MQTT sessions and messages are kept three times. */
export async function startNatsCluster(network: Network, hosts: readonly string[]): Promise<LabBroker[]> {
  const routes = hosts.map((name) => `nats-route://${network.host(name).address}:${clusterPort}`).join(', ')
  return Promise.all(
    hosts.map((hostName) => {
      const host = network.host(hostName)
      const store = join(host.folder, 'nats')
      const settings = join(host.folder, 'nats.conf')
      mkdirSync(store, { recursive: true })
      writeFileSync(
        settings,
        [
          `server_name: ${hostName}`,
          `host: ${host.address}`,
          'port: 4222',
          `jetstream { store_dir: "${store}" }`,
          `cluster { name: lab, host: ${host.address}, port: ${clusterPort}, routes: [${routes}] }`,
          `mqtt { host: ${host.address}, port: ${mqttPort}, stream_replicas: ${hosts.length} }`,
          '',
        ].join('\n'),
      )
      return runBroker(
        hostName,
        `mqtt://${host.address}:${mqttPort}`,
        () => host.start('nats-server', 'nats-server', ['-c', settings]),
        // Clients are served only once the cluster has chosen who leads it.
        (started) =>
          started.ready(
            /JetStream cluster new metadata leader|JetStream cluster no metadata leader|Server is ready[\s\S]*metadata leader/,
          ),
      )
    }),
  )
}
