import type { Server } from 'node:net'

/** Of all. */
const MAX_CONNECTIONS = 256
/** Of one address: what it has beyond is closed at once, so that others have some. */
const MAX_OF_ADDRESS = 128

/** How many connections a server has at most. Those of a proxy are of many, and only counted with all. */
export function limitConnections(server: Server, isProxy: (address: string) => boolean): void {
  server.maxConnections = MAX_CONNECTIONS
  const counts = new Map<string, number>()
  server.on('connection', (socket) => {
    // It has none when it has gone already.
    const { remoteAddress } = socket
    if (remoteAddress === undefined || isProxy(remoteAddress)) return
    const count = counts.get(remoteAddress) ?? 0
    if (count >= MAX_OF_ADDRESS) {
      socket.destroy()
      return
    }
    counts.set(remoteAddress, count + 1)
    socket.once('close', () => {
      const rest = counts.get(remoteAddress)! - 1
      if (rest > 0) counts.set(remoteAddress, rest)
      else counts.delete(remoteAddress)
    })
  })
}
