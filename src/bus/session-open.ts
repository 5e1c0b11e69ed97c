import type { BrokerConfig } from '../config/bus.ts'
import { monotonicMs } from '../runtime/clock.ts'
import { openBrokerSocket } from './broker-socket.ts'
import { addressesOf, brokerName, linkSettings } from './link-settings.ts'
import { MqttLink, type SessionSink } from './mqtt-link.ts'
import type { NearestFirst } from './nearest-first.ts'

export interface SessionOpening {
  readonly broker: BrokerConfig
  readonly clientId: string
  /** Which address of the broker comes first; shared with the live lane. */
  readonly choice: NearestFirst
  readonly isPatient?: boolean
  readonly signal: AbortSignal
  /** Each connection that is tried, before it can bring anything: whose messages they are. */
  readonly onLink: (link: MqttLink) => SessionSink
}

/**
 * A connection to the session of this client id, by the first address that
 * takes it; its messages come before anybody asks for some.
 */
export async function openSessionLink(opening: SessionOpening): Promise<MqttLink> {
  const { broker, clientId, choice, isPatient = false, signal, onLink } = opening
  const { client, credentials, deadMs } = await linkSettings(broker)
  let failure: unknown
  for (const index of choice.order()) {
    const url = addressesOf(broker)[index]!
    const link: MqttLink = new MqttLink({
      name: brokerName(url),
      socket: openBrokerSocket(url, credentials, broker.connectTimeoutMs),
      client: { ...client, clientId },
      maxBufferedBytes: broker.maxBufferedBytes,
      deadMs,
      isPatient,
      onMessage: () => {},
      session: {
        reading: () => sink.reading(),
        message: (...message) => sink.message(...message),
      },
    })
    const sink = onLink(link)
    if (signal.aborted) link.destroy()
    try {
      await link.opened
      choice.used(index, monotonicMs())
      return link
    } catch (error) {
      choice.failed(index, monotonicMs())
      failure = error
      if (signal.aborted) break
    }
  }
  throw failure
}
