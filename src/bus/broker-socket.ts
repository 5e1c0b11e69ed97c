/** The byte stream to a broker: TCP, TLS, or WebSocket over either. Each waits for nothing: TCP_NODELAY. */
import { connect as connectTcp, isIP } from 'node:net'
import type { Duplex } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import { createWebSocketStream, WebSocket } from 'ws'

/** PEM texts. */
export interface BrokerCredentials {
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
}

const defaultPorts: Readonly<Record<string, number>> = { 'mqtt:': 1883, 'mqtts:': 8883 }

export function openBrokerSocket(url: string, credentials: BrokerCredentials, connectTimeoutMs: number): Duplex {
  const { protocol, hostname, port: text } = new URL(url)
  if (protocol === 'ws:' || protocol === 'wss:') {
    // `ws` sets TCP_NODELAY itself.
    const options = { ...credentials, handshakeTimeout: connectTimeoutMs, perMessageDeflate: false }
    const socket = new WebSocket(url, ['mqtt'], options)
    const stream = createWebSocketStream(socket)
    socket.on('close', () => stream.destroy())
    return stream
  }
  const host = hostname.replace(/^\[|\]$/g, '')
  const port = text === '' ? defaultPorts[protocol]! : Number(text)
  const socket =
    protocol === 'mqtts:'
      ? connectTls({ ...credentials, host, port, ...(isIP(host) === 0 ? { servername: host } : {}) })
      : connectTcp({ host, port })
  return socket.setNoDelay(true)
}
