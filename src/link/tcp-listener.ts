import { createServer, type Server, type Socket } from 'node:net'
import type { Endpoint, ServerConfig } from '../config/server.ts'
import { urlHost } from '../config/transport.ts'
import { utcMs } from '../runtime/clock.ts'
import { AddressCounts, AllowList } from './admission.ts'
import { plainAddress } from './channel.ts'
import { type DatagramSender, openDatagramSender } from './datagram-sender.ts'
import { LinkError, reasonOf } from './link-error.ts'
import type { Listener } from './listener.ts'
import { SendQueues } from './send-queues.ts'
import type { SendTurn } from './send-turn.ts'
import type { Streams } from './served-client.ts'
import type { DataReceiver } from './served-stream.ts'
import type { ServerCounters } from './server-counters.ts'
import { TcpClient } from './tcp-client.ts'

const KEEP_ALIVE_MS = 15_000

type TcpEndpoint = Extract<Endpoint, { kind: 'tcp' | 'tcp+udp' }>

/** A TCP port that PDCs command us on; data go down the same connection, or by UDP. */
export async function openTcpListener(
  endpoint: TcpEndpoint,
  config: ServerConfig,
  streams: Streams,
  counters: ServerCounters,
  turn: SendTurn,
): Promise<Listener> {
  const datagrams =
    endpoint.kind === 'tcp+udp'
      ? await openDatagramSender(endpoint, { maxBufferedBytes: config.limits.bufferedBytes, counters, turn })
      : undefined
  const allowed = new AllowList(config.allow)
  const perAddress = new AddressCounts()
  const queues = new SendQueues()
  const clients = new Map<TcpClient, { readonly host: string; readonly sinceMs: number }>()

  const admit = (socket: Socket): void => {
    const host = plainAddress(socket.remoteAddress ?? '')
    const refusal = refusalFor(host)
    if (refusal) {
      counters.refuse(refusal)
      socket.destroy()
      return
    }
    const client = new TcpClient(socket, {
      streams,
      config,
      counters,
      queues,
      turn,
      dataReceiver: datagrams && receiverOf(endpoint, datagrams, host),
      onClose() {
        clients.delete(client)
        perAddress.remove(host)
        if (perAddress.of(host) === 0) datagrams?.forget(host)
        counters.clients(clients, clients.size)
      },
    })
    clients.set(client, { host, sinceMs: utcMs() })
    perAddress.add(host)
    counters.clients(clients, clients.size)
  }

  const refusalFor = (host: string): Parameters<ServerCounters['refuse']>[0] | undefined => {
    const { limits } = config
    if (host === '' || !allowed.admits(host)) return 'address-not-allowed'
    if (perAddress.of(host) >= limits.clientsPerAddress && !makeRoom((client) => client.host === host)) {
      return 'too-many-clients-of-address'
    }
    if (clients.size >= limits.clients && !makeRoom(() => true)) return 'too-many-clients'
    return undefined
  }

  /** The oldest connection that has not commanded anything gives way to a new one. */
  const makeRoom = (among: (client: { readonly host: string }) => boolean): boolean => {
    for (const [client, facts] of clients) {
      if (client.commanded || !among(facts)) continue
      client.yieldPlace()
      clients.delete(client)
      return true
    }
    return false
  }

  const server = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS }, admit)
  try {
    await listen(server, endpoint)
  } catch (error) {
    await datagrams?.close()
    throw error
  }
  const at = server.address()
  if (at === null || typeof at === 'string') throw new Error('a TCP server has an address once it listens')

  return {
    address: { kind: endpoint.kind, host: at.address, port: at.port },
    clients: () =>
      [...clients].map(([{ address, idcodes, sent, dropped, bufferedBytes }, { sinceMs }]) => ({
        address,
        sinceMs,
        idcodes,
        sent,
        dropped,
        bufferedBytes,
      })),
    streamAdded() {},
    streamRemoved() {},
    configurationChanged() {},
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      for (const client of clients.keys()) client.close()
      await closed
      // The sockets are gone; their own 'close' comes a moment later.
      clients.clear()
      counters.clients(clients, 0)
      await datagrams?.close()
    },
  }
}

function receiverOf(endpoint: TcpEndpoint, datagrams: DatagramSender, host: string): DataReceiver | undefined {
  if (endpoint.kind !== 'tcp+udp') return undefined
  return datagrams.to(endpoint.group ?? host, endpoint.dataPort)
}

function listen(server: Server, { host, port }: TcpEndpoint): Promise<void> {
  const address = `tcp://${urlHost(host)}:${port}`
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      const reason = reasonOf(error)
      reject(new LinkError({ code: 'LINK_LISTEN_FAILED', address, reason }, `${address}: ${reason}`, { cause: error }))
    })
    server.listen({ host, port }, () => {
      // A connection that could not be accepted (no descriptors left) costs that connection.
      server.on('error', () => {})
      resolve()
    })
  })
}
