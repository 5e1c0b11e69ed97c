/**
 * The plainest PMU there can be: a server that answers "send CFG-2" with given
 * bytes, notes "data on" and "data off", and writes frames when told. Written
 * apart from the product, as the raw PDC is.
 */
import { createServer, type Server, type Socket } from 'node:net'

export interface RawPmuOptions {
  /** The CFG-2 frame it answers with, byte for byte; several are told apart by their IDCODE. */
  readonly configuration: Uint8Array | readonly Uint8Array[]
  readonly host?: string
  readonly port?: number
  /** A client turned data on. */
  readonly onDataOn?: () => void
}

export interface RawPmu {
  readonly port: number
  /** How many clients have data on, over all streams. */
  readonly listeners: number
  /** How many have this stream's data on. */
  listenersOf(idcode: number): number
  /** Answers with this CFG-2 from now on; tells nobody. */
  reconfigure(configuration: Uint8Array): void
  /** Writes the frame to everyone who turned its stream on. The bytes are not copied. */
  send(frame: Uint8Array): void
  /** Writes any bytes to every client, whatever it asked for. */
  write(bytes: Uint8Array): void
  /** Resolves when every stream has been turned on by somebody. */
  readonly on: Promise<void>
  close(): Promise<void>
}

const commandDataOff = 1
const commandDataOn = 2
const commandSendConfig2 = 5

export async function startRawPmu(options: RawPmuOptions): Promise<RawPmu> {
  const { configuration, host = '127.0.0.1', port = 0, onDataOn } = options
  const streams = new Map<number, Stream>()
  for (const frame of configuration instanceof Uint8Array ? [configuration] : configuration) {
    streams.set(idcodeOf(frame), { configuration: frame, listeners: new Set() })
  }
  const sockets = new Set<Socket>()
  const { promise: on, resolve: isOn } = deferred()

  const obey = (socket: Socket, frame: Buffer): void => {
    const stream = streams.get(idcodeOf(frame))
    if (!stream) return
    const command = frame.readUInt16BE(14)
    if (command === commandSendConfig2) socket.write(stream.configuration)
    if (command === commandDataOff) stream.listeners.delete(socket)
    if (command === commandDataOn) {
      stream.listeners.add(socket)
      if ([...streams.values()].every(({ listeners }) => listeners.size > 0)) isOn()
      onDataOn?.()
    }
  }

  const server: Server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket)
    let pending = Buffer.alloc(0)
    socket.on('data', (chunk) => {
      pending = Buffer.concat([pending, chunk])
      while (pending.length >= 18 && pending.length >= pending.readUInt16BE(2)) {
        obey(socket, pending)
        pending = pending.subarray(pending.readUInt16BE(2))
      }
    })
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      sockets.delete(socket)
      for (const { listeners } of streams.values()) listeners.delete(socket)
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
      return [...streams.values()].reduce((sum, { listeners }) => sum + listeners.size, 0)
    },
    listenersOf: (idcode) => streams.get(idcode)?.listeners.size ?? 0,
    reconfigure(frame) {
      const stream = streams.get(idcodeOf(frame))
      if (!stream) throw new Error(`no stream of IDCODE ${idcodeOf(frame)}`)
      stream.configuration = frame
    },
    send(frame) {
      for (const socket of streams.get(idcodeOf(frame))?.listeners ?? []) socket.write(frame)
    },
    write(bytes) {
      for (const socket of sockets) socket.write(bytes)
    },
    on,
    close() {
      for (const socket of sockets) socket.destroy()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

interface Stream {
  configuration: Uint8Array
  readonly listeners: Set<Socket>
}

const idcodeOf = (frame: Uint8Array): number => (frame[4]! << 8) | frame[5]!

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => {}
  const promise = new Promise<void>((done) => {
    resolve = done
  })
  return { promise, resolve }
}
