/** Sockets for the embedded broker: TCP or WebSocket, with TLS or without. */
import { readFile } from 'node:fs/promises'
import { createServer as createHttpServer } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type TlsOptions } from 'node:tls'
import type { EmbeddedBrokerConfig } from '../config/bus.ts'
import { BusError } from './bus-error.ts'
import { type MqttWebSocketOptions, mqttWebSockets } from './mqtt-websocket.ts'

export interface BrokerAddress {
  readonly transport: 'tcp' | 'ws'
  readonly host: string
  readonly port: number
  /** What a client on this machine connects to. */
  readonly url: string
}

export interface ListenerOptions extends MqttWebSocketOptions {
  readonly transport: 'tcp' | 'ws'
  readonly host: string
  readonly port: number
  readonly tls: TlsOptions | undefined
  readonly connectTimeoutMs: number
  readonly maxConnections: number
}

export interface Listener {
  readonly address: BrokerAddress
  close(): Promise<void>
}

export async function readTls(tls: EmbeddedBrokerConfig['tls']): Promise<TlsOptions | undefined> {
  if (!tls) return undefined
  const [cert, key, ca] = await Promise.all(
    [tls.cert, tls.key, tls.clientCa].map((file) => (file === undefined ? undefined : readFile(file, 'utf8'))),
  )
  return { cert, key, ...(ca === undefined ? {} : { ca, requestCert: true, rejectUnauthorized: true }) }
}

export async function listen(options: ListenerOptions): Promise<Listener> {
  const { transport, host, port, tls } = options
  const server = transport === 'tcp' ? tcpServer(options) : webSocketServer(options)
  const open = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    open.add(socket)
    socket.on('close', () => open.delete(socket))
    // Whoever uses the socket says what is wrong with it; a fault before that ends it and no more.
    socket.on('error', () => socket.destroy())
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => {
      const reason = error.message
      reject(
        new BusError(
          { code: 'BROKER_LISTEN_FAILED', host, port, reason },
          `cannot listen on ${host}:${port}: ${reason}`,
          { cause: error },
        ),
      )
    })
    server.listen(port, host, resolve)
  })
  const bound = server.address() as AddressInfo
  const scheme = (transport === 'tcp' ? 'mqtt' : 'ws') + (tls ? 's' : '')
  const name = bound.family === 'IPv6' ? `[${bound.address}]` : bound.address
  return {
    address: { transport, host: bound.address, port: bound.port, url: `${scheme}://${name}:${bound.port}` },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of open) socket.destroy()
      }),
  }
}

function tcpServer({ tls, accept, connectTimeoutMs }: ListenerOptions): Server {
  const take = (socket: Socket): void => accept(socket, socket.remoteAddress ?? '')
  if (!tls) return createServer({ noDelay: true }, take)
  const server = createTlsServer({ ...tls, handshakeTimeout: connectTimeoutMs }, take)
  server.on('connection', (socket: Socket) => socket.setNoDelay(true))
  server.on('tlsClientError', (_error, socket) => socket.destroy())
  return server
}

function webSocketServer({ tls, connectTimeoutMs, maxConnections, ...options }: ListenerOptions): Server {
  // Node looks at its timeouts every 30 s.
  const http = { connectionsCheckingInterval: connectTimeoutMs }
  const server = tls
    ? createHttpsServer({ ...http, ...tls, handshakeTimeout: connectTimeoutMs })
    : createHttpServer(http)
  // Those that are no WebSocket yet count too.
  server.maxConnections = maxConnections
  server.headersTimeout = connectTimeoutMs
  server.requestTimeout = connectTimeoutMs
  const sockets = mqttWebSockets(options)
  server.on('upgrade', sockets.upgrade)
  return server
}
