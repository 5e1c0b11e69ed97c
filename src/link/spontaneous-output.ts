import type { Endpoint, ServerConfig } from '../config/server.ts'
import { utcMs } from '../runtime/clock.ts'
import { openDatagramSender } from './datagram-sender.ts'
import type { Listener } from './listener.ts'
import type { SendTurn } from './send-turn.ts'
import type { Streams } from './served-client.ts'
import type { ServedStream } from './served-stream.ts'
import type { ServerCounters } from './server-counters.ts'

/**
 * Sends all streams unasked to an address or a multicast group: data always,
 * the configuration at the top of each interval (openPDC does so each minute)
 * and before the first data frame that it describes.
 */
export async function openSpontaneousOutput(
  endpoint: Extract<Endpoint, { kind: 'udp-spontaneous' }>,
  config: ServerConfig,
  streams: Streams,
  counters: ServerCounters,
  turn: SendTurn,
): Promise<Listener> {
  const sender = await openDatagramSender(endpoint, { maxBufferedBytes: config.limits.bufferedBytes, counters, turn })
  const receiver = sender.to(endpoint.host, endpoint.port)
  const sinceMs = utcMs()

  const sendConfiguration = (stream: ServedStream): void => {
    for (const frame of stream.inForce ?? []) receiver.send(frame)
  }
  let timer: NodeJS.Timeout
  const schedule = (): void => {
    const intervalMs = config.configurationIntervalMs
    timer = setTimeout(
      () => {
        for (const stream of streams.values()) sendConfiguration(stream)
        schedule()
      },
      intervalMs - (utcMs() % intervalMs),
    )
  }
  const streamAdded = (stream: ServedStream): void => {
    sendConfiguration(stream)
    stream.addReceiver(receiver)
  }
  schedule()

  return {
    address: { kind: 'udp-spontaneous', host: endpoint.host, port: endpoint.port },
    clients: () => [
      {
        address: `${endpoint.host}:${endpoint.port}`,
        sinceMs,
        idcodes: [...streams.keys()],
        sent: receiver.sent,
        dropped: receiver.dropped,
        bufferedBytes: receiver.bufferedBytes,
      },
    ],
    streamAdded,
    streamRemoved: (stream) => stream.removeReceiver(receiver),
    configurationChanged: sendConfiguration,
    async close() {
      clearTimeout(timer)
      for (const stream of streams.values()) stream.removeReceiver(receiver)
      await sender.close()
    },
  }
}
