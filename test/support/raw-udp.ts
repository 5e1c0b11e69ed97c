/** A UDP socket that sends and notes what the test says. Independent of src/link. */
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'

export interface RawUdp extends AsyncDisposable {
  readonly port: number
  readonly socket: Socket
  readonly datagrams: readonly Buffer[]
  send(bytes: Uint8Array, port: number, host?: string): void
  /** Resolves when so many datagrams have come. */
  received(count: number): Promise<readonly Buffer[]>
}

export async function openRawUdp({ host = '127.0.0.1', port = 0, group = '' } = {}): Promise<RawUdp> {
  const socket = createSocket({ type: 'udp4', reuseAddr: group !== '' })
  const datagrams: Buffer[] = []
  const waiting = new Set<() => boolean>()
  socket.on('message', (bytes) => {
    datagrams.push(bytes)
    for (const done of waiting) if (done()) waiting.delete(done)
  })
  await once(socket.bind(port, group === '' ? host : '0.0.0.0'), 'listening')
  if (group !== '') socket.addMembership(group, '127.0.0.1')
  return {
    port: socket.address().port,
    socket,
    datagrams,
    send: (bytes, toPort, toHost = '127.0.0.1') => socket.send(bytes, toPort, toHost),
    received: (count) =>
      new Promise((resolve) => {
        const done = (): boolean => {
          if (datagrams.length < count) return false
          resolve(datagrams)
          return true
        }
        if (!done()) waiting.add(done)
      }),
    async [Symbol.asyncDispose]() {
      await new Promise<void>((resolve) => socket.close(() => resolve()))
    },
  }
}

/** A UDP port that nobody has at the moment. */
export async function freeUdpPort(): Promise<number> {
  await using socket = await openRawUdp()
  return socket.port
}
