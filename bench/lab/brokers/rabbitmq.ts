import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Network } from '../network.ts'
import { type LabBroker, mqttPort, runBroker } from './broker.ts'

/**
 * A RabbitMQ node of each host, one cluster: quorum queues for MQTT sessions,
 * and the smaller side of a split pauses. Up in about 25 seconds.
 */
export async function startRabbitMqCluster(network: Network, hosts: readonly string[]): Promise<LabBroker[]> {
  return Promise.all(
    hosts.map((hostName) => {
      const host = network.host(hostName)
      const file = (name: string): string => join(host.folder, name)
      mkdirSync(file('mnesia'), { recursive: true })
      writeFileSync(
        file('rabbitmq.conf'),
        [
          `listeners.tcp.1 = ${host.address}:5672`,
          `mqtt.listeners.tcp.1 = ${host.address}:${mqttPort}`,
          'mqtt.allow_anonymous = true',
          // Who comes without a name is guest, and guest may come from this host only unless told.
          'loopback_users = none',
          'mqtt.tcp_listen_options.nodelay = true',
          'mqtt.durable_queue_type = quorum',
          'cluster_formation.peer_discovery_backend = classic_config',
          ...hosts.map((name, i) => `cluster_formation.classic_config.nodes.${i + 1} = rabbit@${name}`),
          'cluster_partition_handling = pause_minority',
          'net_ticktime = 8',
          'log.console = true',
          'log.console.level = info',
          '',
        ].join('\n'),
      )
      writeFileSync(file('enabled_plugins'), '[rabbitmq_mqtt].\n')
      writeFileSync(file('.erlang.cookie'), 'phasorbuslab', { mode: 0o400 })
      const env = {
        HOME: host.folder,
        RABBITMQ_NODENAME: `rabbit@${hostName}`,
        RABBITMQ_CONFIG_FILE: file('rabbitmq.conf'),
        RABBITMQ_ADVANCED_CONFIG_FILE: file('none.config'),
        RABBITMQ_CONF_ENV_FILE: file('none.conf'),
        RABBITMQ_ENABLED_PLUGINS_FILE: file('enabled_plugins'),
        RABBITMQ_MNESIA_BASE: file('mnesia'),
        RABBITMQ_LOG_BASE: file('log'),
        RABBITMQ_LOGS: '-',
        RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '+S 1:1 +sbwt none',
      }
      return runBroker(
        hostName,
        `mqtt://${host.address}:${mqttPort}`,
        // Debian's wrapper in PATH would change user and write to /var.
        () => host.start('rabbitmq', '/usr/lib/rabbitmq/bin/rabbitmq-server', [], { env }),
        (started) => started.ready(/Server startup complete/, 180_000),
      )
    }),
  )
}
