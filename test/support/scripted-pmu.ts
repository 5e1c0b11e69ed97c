/**
 * A PMU that does what the test says, over TCP or UDP, and nothing else: it
 * knows where a command frame ends and no more of C37.118. Independent of
 * src/link.
 */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'

/** CMD of the frames a test scripts answers for. */
export const cmd = { off: 1, on: 2, header: 3, config1: 4, config2: 5, config3: 6 } as const

export interface ReceivedCommand {
  readonly idcode: number
  readonly cmd: number
  readonly bytes: Buffer
}

/** The other end of one session. */
export interface ScriptedClient {
  write(...frames: Uint8Array[]): void
  /** TCP: FIN. */
  end(): void
  /** TCP: RST. */
  reset(): void
  pause(): void
  resume(): void
}

export interface ScriptedPmu extends AsyncDisposable {
  readonly port: number
  /** Every command so far, of all clients. */
  readonly commands: readonly ReceivedCommand[]
  /** The clients so far, oldest first; over UDP one per address. */
  readonly clients: readonly ScriptedClient[]
  /** What to do on a command. A later script replaces an earlier one. */
  on(cmd: number, act: (client: ScriptedClient) => void): this
  /** Resolves when so many commands of this kind have come. */
  commanded(cmd: number, count?: number): Promise<void>
  /** Resolves when so many clients have come. */
  connected(count?: number): Promise<void>
}

class Script {
  readonly commands: ReceivedCommand[] = []
  readonly clients: ScriptedClient[] = []
  readonly acts = new Map<number, (client: ScriptedClient) => void>()
  readonly #waiting = new Set<{ fits: () => boolean; resolve: () => void }>()

  obey(client: ScriptedClient, bytes: Buffer): void {
    const command = { idcode: bytes.readUInt16BE(4), cmd: bytes.readUInt16BE(14), bytes }
    this.commands.push(command)
    this.acts.get(command.cmd)?.(client)
    this.noted()
  }

  until(fits: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      if (fits()) resolve()
      else this.#waiting.add({ fits, resolve })
    })
  }

  noted(): void {
    for (const entry of this.#waiting) {
      if (!entry.fits()) continue
      this.#waiting.delete(entry)
      entry.resolve()
    }
  }
}

export async function startScriptedPmu({ port = 0 }: { port?: number } = {}): Promise<ScriptedPmu> {
  const script = new Script()
  const sockets = new Set<Socket>()
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket)
    const client: ScriptedClient = {
      write: (...frames) => frames.forEach((frame) => void socket.write(frame)),
      end: () => void socket.end(),
      reset: () => void socket.resetAndDestroy(),
      pause: () => void socket.pause(),
      resume: () => void socket.resume(),
    }
    script.clients.push(client)
    script.noted()
    let pending = Buffer.alloc(0)
    socket.on('data', (chunk) => {
      pending = Buffer.concat([pending, chunk])
      while (pending.length >= 18 && pending.length >= pending.readUInt16BE(2)) {
        const size = pending.readUInt16BE(2)
        script.obey(client, pending.subarray(0, size))
        pending = pending.subarray(size)
      }
    })
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
  })
  await once(server.listen(port, '127.0.0.1'), 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no address')
  return scripted(script, address.port, async () => {
    for (const socket of sockets) socket.destroy()
    await once(server.close(), 'close')
  })
}

export async function startScriptedUdpPmu(): Promise<ScriptedPmu> {
  const script = new Script()
  const known = new Map<string, ScriptedClient>()
  const socket = createSocket('udp4')
  await once(socket.bind(0, '127.0.0.1'), 'listening')
  socket.on('message', (bytes, { address, port }) => {
    const key = `${address} ${port}`
    let client = known.get(key)
    if (!client) {
      client = {
        write: (...frames) => frames.forEach((frame) => void socket.send(frame, port, address)),
        end() {},
        reset() {},
        pause() {},
        resume() {},
      }
      known.set(key, client)
      script.clients.push(client)
    }
    script.obey(client, bytes)
  })
  return scripted(script, socket.address().port, async () => {
    await new Promise<void>((resolve) => socket.close(() => resolve()))
  })
}

function scripted(script: Script, port: number, close: () => Promise<void>): ScriptedPmu {
  const { commands, clients } = script
  return {
    port,
    commands,
    clients,
    on(command, act) {
      script.acts.set(command, act)
      return this
    },
    commanded: (command, count = 1) =>
      script.until(() => commands.filter((received) => received.cmd === command).length >= count),
    connected: (count = 1) => script.until(() => clients.length >= count),
    [Symbol.asyncDispose]: close,
  }
}
