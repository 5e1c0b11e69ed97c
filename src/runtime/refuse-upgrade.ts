import type { Duplex } from 'node:stream'

const FAREWELL_MS = 1000

/** Answers an upgrade of HTTP with no. Whoever does not end the connection then has it ended: no timeout of HTTP holds for it any more. */
export function refuseUpgrade(
  socket: Duplex,
  status: '403 Forbidden' | '404 Not Found' | '429 Too Many Requests',
): void {
  socket.on('error', () => socket.destroy())
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
  const timer = setTimeout(() => socket.destroy(), FAREWELL_MS).unref()
  socket.once('close', () => clearTimeout(timer))
}
