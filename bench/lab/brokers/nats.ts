import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { HostProcess } from '../host-process.ts'
import type { Network } from '../network.ts'
import { type LabBroker, mqttPort, runBroker } from './broker.ts'

const clusterPort = 6222
/** Clients are served only once the cluster has chosen who leads it. */
const formed =
  /JetStream cluster new metadata leader|JetStream cluster no metadata leader|Server is ready[\s\S]*metadata leader/
/** It takes some seconds; nodes that had not chosen by then did not in a minute either (seen once, with NATS 2.9). */
const FORMS_WITHIN_MS = 30_000
const FORMATIONS = 3

/** A NATS node of each host, one cluster; MQTT sessions and messages are kept three times. */
export async function startNatsCluster(network: Network, hosts: readonly string[]): Promise<LabBroker[]> {
  const routes = hosts.map((name) => `nats-route://${network.host(name).address}:${clusterPort}`).join(', ')
  const nodes = hosts.map((hostName) => {
    const host = network.host(hostName)
    const store = join(host.folder, 'nats')
    const settings = join(host.folder, 'nats.conf')
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
    const launch = (): HostProcess => host.start('nats-server', 'nats-server', ['-c', settings])
    return { hostName, url: `mqtt://${host.address}:${mqttPort}`, store, launch }
  })

  const processes = await formCluster(nodes)
  return Promise.all(
    nodes.map(({ hostName, url, launch }, at) => {
      let first: HostProcess | undefined = processes[at]
      const launchOrTake = (): HostProcess => {
        const taken = first ?? launch()
        first = undefined
        return taken
      }
      return runBroker(hostName, url, launchOrTake, (started) => started.ready(formed))
    }),
  )
}

/** With empty stores, from the beginning, until the nodes have found each other. */
async function formCluster(
  nodes: readonly { readonly store: string; launch(): HostProcess }[],
): Promise<readonly HostProcess[]> {
  for (let formation = 1; ; formation++) {
    for (const { store } of nodes) {
      rmSync(store, { recursive: true, force: true })
      mkdirSync(store, { recursive: true })
    }
    const processes = nodes.map(({ launch }) => launch())
    try {
      await Promise.all(processes.map((started) => started.ready(formed, FORMS_WITHIN_MS)))
      return processes
    } catch (error) {
      await Promise.all(processes.map((started) => started.kill()))
      if (formation === FORMATIONS) throw error
    }
  }
}
