/** Sockets for the embedded broker: TCP or WebSocket, with TLS or without. */
import { readFile } from 'node:fs/promises'
import { createServer as createHttpServer } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { createServer as createTlsServer, type TlsOptions } from 'node:tls'
import { createWebSocketStream, type WebSocket, WebSocketServer } from 'ws'
import type { EmbeddedBrokerConfig } from '../config/bus.ts'
import { BusError } from './bus-error.ts'

export interface BrokerAddress {
  readonly transport: 'tcp' | 'ws'
  readonly host: string
  readonly port: number
  /** What a client on this machine connects to. */
  readonly url: string
}

export interface ListenerOptions {
  readonly transport: 'tcp' | 'ws'
  readonly host: string
  readonly port: number
  readonly tls: TlsOptions | undefined
  readonly connectTimeoutMs: number
  readonly maxPacketBytes: number
  readonly maxConnections: number
  /** Takes a connection, or ends it. */
  readonly accept: (connection: Duplex) => void
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
  if (!tls) return createServer({ noDelay: true }, accept)
  const server = createTlsServer({ ...tls, handshakeTimeout: connectTimeoutMs }, accept)
  server.on('connection', (socket: Socket) => socket.setNoDelay(true))
  server.on('tlsClientError', (_error, socket) => socket.destroy())
  return server
}

/** A message may have several packets: clients gather the small ones. */
const GATHERED_BYTES = 256 * 1024

function webSocketServer({ tls, accept, connectTimeoutMs, maxPacketBytes, maxConnections }: ListenerOptions): Server {
  // Node looks at its timeouts every 30 s.
  const http = { connectionsCheckingInterval: connectTimeoutMs }
  const server = tls
    ? createHttpsServer({ ...http, ...tls, handshakeTimeout: connectTimeoutMs })
    : createHttpServer(http)
  // Those that are no WebSocket yet count too.
  server.maxConnections = maxConnections
  server.headersTimeout = connectTimeoutMs
  server.requestTimeout = connectTimeoutMs
  const sockets = new WebSocketServer({
    server,
    perMessageDeflate: false,
    // A message is gathered whole before anybody sees a byte of it; `ws` would take 100 MiB.
    maxPayload: maxPacketBytes + GATHERED_BYTES,
    handleProtocols: (offered) => (offered.has('mqtt') ? 'mqtt' : false),
  })
  sockets.on('connection', (socket) => accept(webSocketStream(socket)))
  return server
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
