import type { BrokerConfig } from '../config/bus.ts'
import { openBrokerSocket } from './broker-socket.ts'
import { addressesOf, brokerName, linkSettings } from './link-settings.ts'
import { MqttLink, type SessionSink } from './mqtt-link.ts'

/** A connection to the session of this client id; it brings messages before anybody asks for some. */
export async function openSessionLink(broker: BrokerConfig, clientId: string, session: SessionSink): Promise<MqttLink> {
  const { client, credentials, deadMs } = await linkSettings(broker)
  return new MqttLink({
    name: brokerName(broker.url),
    socket: openBrokerSocket(addressesOf(broker)[0]!, credentials, broker.connectTimeoutMs),
    client: { ...client, clientId },
    maxBufferedBytes: broker.maxBufferedBytes,
    deadMs,
    onMessage: () => {},
    session,
  })
}
