import type { IClientOptions } from 'mqtt'
import type { BrokerConfig } from '../config/bus.ts'
import type { BrokerCredentials } from './broker-socket.ts'
import { readCredential, readPassword } from './credential-files.ts'
import type { ReturnSettings } from './nearest-first.ts'

/** Where the broker can be reached, nearest first: a cluster at several addresses. */
export const addressesOf = ({ url }: Pick<BrokerConfig, 'url'>): readonly string[] =>
  typeof url === 'string' ? [url] : url

/** The broker's address for logs and metrics, the first of a cluster. */
export function brokerName(url: BrokerConfig['url']): string {
  const { protocol, host } = new URL(typeof url === 'string' ? url : url[0]!)
  return `${protocol}//${host}`
}

/** A broker or node that keeps failing is tried again after five minutes at the latest. */
const MAX_HOLD_MS = 300_000

export const returnSettings = ({ returnAfterS }: BrokerConfig): ReturnSettings => ({
  holdMs: returnAfterS * 1000,
  maxHoldMs: MAX_HOLD_MS,
})

export interface LinkSettings {
  /** For MQTT.js. */
  readonly client: Pick<IClientOptions, 'keepalive' | 'connectTimeout' | 'username' | 'password'>
  /** After so much silence the broker is dead. */
  readonly deadMs: number
  /** For the socket. */
  readonly credentials: BrokerCredentials
}

/** Reads what the configuration names by file, anew for every connection: certificates and passwords are renewed. */
export async function linkSettings(config: BrokerConfig): Promise<LinkSettings> {
  const { ca, cert, key, passwordFile, username } = config
  const password = passwordFile === undefined ? config.password : await readPassword(passwordFile)
  return {
    client: {
      // Brokers wait for one and a half of it.
      keepalive: Math.max(1, Math.floor((config.keepaliveS * 2) / 3)),
      connectTimeout: config.connectTimeoutMs,
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
    },
    // The rest is for looking, and for what a look is late.
    deadMs: (config.keepaliveS * 1000 * 5) / 6,
    credentials: {
      ...(ca === undefined ? {} : { ca: await readCredential(ca) }),
      ...(cert === undefined ? {} : { cert: await readCredential(cert) }),
      ...(key === undefined ? {} : { key: await readCredential(key) }),
    },
  }
}
