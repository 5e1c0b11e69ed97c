import type { IClientOptions } from 'mqtt'

export interface PlainConnection {
  /** Of one broker or of a cluster; tried in turn. */
  readonly servers: readonly { readonly host: string; readonly port: number }[]
  readonly clientId: string
  readonly qos: 0 | 1 | 2
}

export const plainTopic = (idcode: number | '+'): string => `plain/secondary-station/1/PMU/${idcode}`

/**
 * As kind to plain MQTT as its client allows: a persistent session, a lost
 * connection noticed as soon as ours is, and a new one tried at once.
 */
export function plainOptions({ servers, clientId }: PlainConnection): IClientOptions {
  return {
    servers: servers.map((server) => ({ ...server, protocol: 'mqtt' as const })),
    protocolVersion: 4,
    clientId,
    clean: false,
    resubscribe: false,
    keepalive: 3,
    reconnectPeriod: 200,
    connectTimeout: 5_000,
  }
}
