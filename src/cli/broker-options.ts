import type { Command } from 'commander'
import { BrokerConfig, BusError } from '../bus/index.ts'
import { silentLog } from '../runtime/log.ts'
import type { Log } from '../runtime/service.ts'
import { usageError } from './cli-error.ts'

/** How a verb reaches a broker; see {@link withBrokerOptions}. */
export interface BrokerOptions {
  readonly broker: string
  readonly username?: string
  readonly passwordFile?: string
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
}

export function withBrokerOptions(command: Command): Command {
  return command
    .option('--broker <URL>', 'mqtt://, mqtts://, ws:// or wss://HOST:PORT', 'mqtt://127.0.0.1:1883')
    .option('--username <NAME>', 'MQTT user')
    .option('--password-file <FILE>', 'file whose first line is the password')
    .option('--ca <FILE>', 'PEM file of the authority that signed the broker’s certificate')
    .option('--cert <FILE>', 'PEM file of the client certificate')
    .option('--key <FILE>', 'PEM file of its key')
}

export function brokerConfigOf(
  { broker, username, passwordFile, ca, cert, key }: BrokerOptions,
  verb: string,
): BrokerConfig {
  const result = BrokerConfig.safeParse({ url: broker, username, passwordFile, ca, cert, key })
  if (result.success) return result.data
  const problems = result.error.issues.map(({ path, message }) => `${optionOf(path)}: ${message}`)
  throw usageError(problems.join('; '), `phasorbus ${verb} --help`)
}

const optionOf = ([key]: readonly PropertyKey[]): string =>
  key === 'url' ? '--broker' : `--${String(key).replace('passwordFile', 'password-file')}`

/** A connection that is lost is only in the log: the bus goes on trying, a person wants to know. */
export function watchingFailures(onFailure: (error: BusError) => void): Log {
  return {
    ...silentLog,
    warn(facts) {
      if ('error' in facts && facts.error instanceof BusError) onFailure(facts.error)
    },
  }
}
