/** MQTT over WebSocket (MQTT 3.1.1, clause 6): an HTTP server's upgrades become connections of a broker. */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { createWebSocketStream, type WebSocket, WebSocketServer } from 'ws'
import { refuseUpgrade } from '../runtime/refuse-upgrade.ts'
import { mayConnect, type PageRules } from './page-origin.ts'

export interface MqttWebSockets {
  /** Takes an upgrade, or answers 403. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
}

export interface MqttWebSocketOptions {
  readonly maxPacketBytes: number
  /** Which web pages may connect. */
  readonly pages: PageRules
  /** Takes a connection, or ends it. */
  readonly accept: (connection: Duplex, address: string) => void
  readonly onRefused: (origin: string) => void
}

/** A message may have several packets: clients gather the small ones. */
const GATHERED_BYTES = 256 * 1024

export function mqttWebSockets({ maxPacketBytes, pages, accept, onRefused }: MqttWebSocketOptions): MqttWebSockets {
  const sockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    // A message is gathered whole before anybody sees a byte of it; `ws` would take 100 MiB.
    maxPayload: maxPacketBytes + GATHERED_BYTES,
    handleProtocols: (offered) => (offered.has('mqtt') ? 'mqtt' : false),
  })
  return {
    upgrade(request, socket, head) {
      const { origin, host } = request.headers
      const address = request.socket.remoteAddress ?? ''
      if (mayConnect({ origin, host }, pages)) {
        sockets.handleUpgrade(request, socket, head, (webSocket) => accept(webSocketStream(webSocket), address))
        return
      }
      onRefused(origin ?? '')
      refuseUpgrade(socket, '403 Forbidden')
    },
  }
}

/** One WebSocket message for what is written in one go: aedes writes a packet in six pieces. */
function webSocketStream(socket: WebSocket): Duplex {
  const stream = createWebSocketStream(socket)
  stream._writev = (chunks, callback) => {
    const pieces = chunks.map(({ chunk, encoding }) =>
      typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk,
    )
    socket.send(Buffer.concat(pieces), callback)
  }
  return stream
}
