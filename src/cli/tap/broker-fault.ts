import type { BusError } from '../../bus/index.ts'
import { explainReason, isSystemError } from '../../runtime/system-errors.ts'
import { type CliError, failure } from '../cli-error.ts'

const hint = 'check --broker, and that the broker runs; a grid that runs here has one at mqtt://127.0.0.1:1883'

/** Why there is no connection, for the person who asked for one. `file`: the grid file that names the broker. */
export function brokerFault({ facts, message, cause }: BusError, file?: string): CliError {
  switch (facts.code) {
    case 'BUS_CONNECTION_LOST':
      return failure(
        `${facts.broker} cannot be reached: ${reasonText(facts.reason)}`,
        file === undefined ? hint : `check that it runs, and what ${file} says of it`,
      )
    case 'BUS_REFUSED':
      return failure(`${facts.broker} refuses us: ${facts.reason}`, 'check --username and --password-file')
    case 'BUS_CREDENTIALS_UNREADABLE': {
      if (!isSystemError(cause)) return failure(`cannot use ${facts.file}: ${facts.reason}`)
      const { message: said, hint: todo } = explainReason(cause.code, facts.file)
      return failure(said, todo)
    }
    default:
      return failure(message.slice(message.indexOf(': ') + 2), hint)
  }
}

/** The words of Node and of the MQTT library, in ours where we have some. */
function reasonText(reason: string): string {
  if (reason.includes('ECONNREFUSED')) return 'nothing listens there'
  if (reason.includes('ENOTFOUND') || reason.includes('EAI_AGAIN')) return 'no address is known for this host name'
  if (reason.includes('connack timeout')) return 'what listens there does not answer as an MQTT broker does'
  if (/header flag|packet|protocol/i.test(reason)) return `what listens there does not speak MQTT 3.1.1 (${reason})`
  return reason
}
