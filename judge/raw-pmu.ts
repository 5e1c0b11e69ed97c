/**
 * The plainest PMU there can be: a server that answers "send CFG-2" with given
 * bytes, notes "data on" and "data off", and writes frames when told. Written
 * apart from the product, as the raw PDC is.
 */
import { createServer, type Server, type Socket } from 'node:net'

export interface RawPmuOptions {
  /** The CFG-2 frame it answers with, byte for byte. */
  readonly configuration: Uint8Array
  readonly host?: string
  readonly port?: number
  /** A client turned data on. */
  readonly onDataOn?: () => void
}

export interface RawPmu {
  readonly port: number
  /** How many clients have data on. */
  readonly listeners: number
  /** Writes the frame to everyone who turned data on. The bytes are not copied. */
  send(frame: Uint8Array): void
  /** Resolves when a client has turned data on. */
  readonly on: Promise<void>
  close(): Promise<void>
}

const commandDataOff = 1
const commandDataOn = 2
const commandSendConfig2 = 5

export async function startRawPmu(options: RawPmuOptions): Promise<RawPmu> {
  const { configuration, host = '127.0.0.1', port = 0, onDataOn } = options
  const sockets = new Set<Socket>()
  const listeners = new Set<Socket>()
  const { promise: on, resolve: isOn } = deferred()

  const server: Server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket)
    let pending = Buffer.alloc(0)
    socket.on('data', (chunk) => {
      pending = Buffer.concat([pending, chunk])
      while (pending.length >= 18 && pending.length >= pending.readUInt16BE(2)) {
        const command = pending.readUInt16BE(14)
        pending = pending.subarray(pending.readUInt16BE(2))
        if (command === commandSendConfig2) socket.write(configuration)
        if (command === commandDataOff) listeners.delete(socket)
        if (command === commandDataOn) {
          listeners.add(socket)
          isOn()
          onDataOn?.()
        }
      }
    })
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      sockets.delete(socket)
      listeners.delete(socket)
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })

  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('a TCP server has an address')
  return {
    port: address.port,
    get listeners() {
      return listeners.size
    },
    send(frame) {
      for (const socket of listeners) socket.write(frame)
    },
    on,
    close() {
      for (const socket of sockets) socket.destroy()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => {}
  const promise = new Promise<void>((done) => {
    resolve = done
  })
  return { promise, resolve }
}
