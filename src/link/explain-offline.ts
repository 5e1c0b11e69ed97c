import { explainReason } from '../runtime/system-errors.ts'
import type { OfflineReason } from './source-sink.ts'

/** Why no data flows, and what to do, for the person at the PMU. */
export function explainOffline(reason: OfflineReason): { message: string; hint?: string } {
  switch (reason.code) {
    case 'LINK_CONNECT_FAILED':
    case 'LINK_FAILED':
    case 'LINK_LISTEN_FAILED':
      return explainReason(reason.reason, reason.address, reason.code === 'LINK_LISTEN_FAILED')
    case 'LINK_CLOSED_BY_PEER':
      return {
        message: `${reason.address} closed the connection`,
        hint: 'many PMUs take one client at a time: is another PDC connected? Listening in (pcap:) needs no connection',
      }
    case 'LINK_NO_CONFIGURATION':
      return {
        message: `${reason.address} takes the connection but answers neither CFG-2 nor CFG-3`,
        hint: 'most often the IDCODE is another one: a PMU does not answer to a foreign one; or it serves one client only',
      }
    case 'LINK_UNDESCRIBED':
      return {
        message: `data frames from ${reason.address} have ${reason.size} bytes, its configuration says ${reason.expected}`,
        hint: 'the PMU does not follow its own configuration; restart it or report it to its maker',
      }
    case 'LINK_SILENT':
      return {
        message: `${reason.address} sent no data for ${reason.silentMs} ms`,
        hint: 'it was asked to send; look at the PMU and at the network',
      }
    case 'LINK_ENDED':
      return {
        message: `${reason.address} was read to its end, and had no data of this IDCODE that its configuration describes`,
        hint: '`phasorbus decode FILE --summary` lists what is in a capture',
      }
    case 'LINK_SAVED_CONFIGURATION_BAD':
      if (/^E[A-Z]+$/.test(reason.reason)) return explainReason(reason.reason, reason.path)
      return {
        message: `${reason.path} holds no usable configuration: ${savedText(reason.reason)}`,
        hint: '`phasorbus connect --save-config FILE` writes one',
      }
    default:
      return { message: reason.code }
  }
}

function savedText(reason: string): string {
  return reason === 'CONFIG_FRAGMENTS_INCOMPLETE' ? 'there is no whole CFG-2 or CFG-3 frame in it' : reason
}
