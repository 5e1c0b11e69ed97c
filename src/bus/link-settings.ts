import { readFile } from 'node:fs/promises'
import type { IClientOptions } from 'mqtt'
import type { BrokerConfig } from '../config/bus.ts'
import type { BrokerCredentials } from './broker-socket.ts'
import { BusError } from './bus-error.ts'
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
  const password = passwordFile === undefined ? config.password : (await read(passwordFile)).split(/\r?\n/, 1)[0]
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
      ...(ca === undefined ? {} : { ca: await read(ca) }),
      ...(cert === undefined ? {} : { cert: await read(cert) }),
      ...(key === undefined ? {} : { key: await read(key) }),
    },
  }
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new BusError({ code: 'BUS_CREDENTIALS_UNREADABLE', file, reason }, `${file}: ${reason}`, { cause: error })
  }
}
