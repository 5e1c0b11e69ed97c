import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import { pipeline } from 'node:stream'
import { createWebSocketStream, WebSocketServer } from 'ws'

/** MQTT over WebSocket, in front of a broker on loopback that speaks it over TCP. */
export async function startWebSocketFront(targetUrl: string): Promise<AsyncDisposable & { readonly url: string }> {
  const { hostname: host, port } = new URL(targetUrl)
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
  server.on('connection', (socket) => {
    const page = createWebSocketStream(socket)
    // However it ends, both ends are closed then.
    pipeline(page, connect({ host, port: Number(port) }), page, () => socket.terminate())
  })
  await once(server, 'listening')
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of server.clients) socket.terminate()
      server.close()
      await once(server, 'close')
    },
  }
}
