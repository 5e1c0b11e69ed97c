import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

export interface TcpProxy extends AsyncDisposable {
  readonly port: number
  /** The URL of the target, with this proxy in its way. */
  readonly url: string
  /** Connections through it now. */
  readonly connections: number
  /** Ends all connections without a word from above. */
  cut(): void
  /** Reads nothing more, in either direction, and closes nothing: a host that hangs. */
  stall(): void
  resume(): void
}

/** Stands between a client and a broker on loopback. */
export async function startTcpProxy(targetUrl: string): Promise<TcpProxy> {
  const target = new URL(targetUrl)
  const pairs = new Set<readonly [Socket, Socket]>()
  let stalled = false

  const server = createServer({ noDelay: true, pauseOnConnect: true }, (client) => {
    const upstream = connect({ host: target.hostname, port: Number(target.port), noDelay: true })
    const pair = [client, upstream] as const
    pairs.add(pair)
    const end = (): void => {
      pairs.delete(pair)
      client.destroy()
      upstream.destroy()
    }
    for (const socket of pair) socket.on('close', end).on('error', end)
    client.on('data', (chunk) => upstream.write(chunk))
    upstream.on('data', (chunk) => client.write(chunk))
    if (stalled) for (const socket of pair) socket.pause()
    else client.resume()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }

  const cut = (): void => {
    for (const pair of [...pairs]) for (const socket of pair) socket.destroy()
  }
  return {
    port,
    url: `${target.protocol}//127.0.0.1:${port}`,
    get connections() {
      return pairs.size
    },
    cut,
    stall() {
      stalled = true
      for (const pair of pairs) for (const socket of pair) socket.pause()
    },
    resume() {
      stalled = false
      for (const pair of pairs) for (const socket of pair) socket.resume()
    },
    async [Symbol.asyncDispose]() {
      server.close()
      cut()
      await once(server, 'close')
    },
  }
}
