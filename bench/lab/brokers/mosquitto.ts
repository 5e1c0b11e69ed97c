import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Network } from '../network.ts'
import { type LabBroker, mqttPort, runBroker } from './broker.ts'

export interface MosquittoOptions {
  /**
   * `default`: Debian's persistence, written every 30 minutes. `often`: written
   * each second. What is queued has no bound in either: a bench of what is lost
   * to faults is none of what is lost to a setting.
   */
  readonly persistence?: 'default' | 'often'
  /** Carries everything up to that broker, and replay requests down. */
  readonly bridgeTo?: { readonly name: string; readonly address: string }
}

export function startMosquitto(
  network: Network,
  hostName: string,
  { persistence = 'default', bridgeTo }: MosquittoOptions = {},
): Promise<LabBroker> {
  const host = network.host(hostName)
  const store = join(host.folder, 'mosquitto')
  const settings = join(host.folder, 'mosquitto.conf')
  mkdirSync(store, { recursive: true })
  const lines = [
    'user root',
    `listener ${mqttPort} ${host.address}`,
    'allow_anonymous true',
    'set_tcp_nodelay true',
    'max_queued_messages 0',
    'max_queued_bytes 0',
    'max_inflight_messages 0',
    'persistence true',
    `persistence_location ${store}/`,
    ...(persistence === 'often' ? ['autosave_interval 1'] : []),
    ...(bridgeTo ? bridgeLines(bridgeTo) : []),
  ]
  writeFileSync(settings, `${lines.join('\n')}\n`)
  return runBroker(
    hostName,
    `mqtt://${host.address}:${mqttPort}`,
    () => host.start('mosquitto', 'mosquitto', ['-c', settings]),
    (started) => started.ready(/mosquitto version \S+ running/),
  )
}

/** Replies go up with everything else; what must come down is what consumers ask. */
const bridgeLines = ({ name, address }: { readonly name: string; readonly address: string }): string[] => [
  `connection to-${name}`,
  `address ${address}:${mqttPort}`,
  'cleansession false',
  'restart_timeout 1 5',
  'keepalive_interval 5',
  'topic # out 1',
  'topic +/+/+/+/+/replay/# in 1',
]
