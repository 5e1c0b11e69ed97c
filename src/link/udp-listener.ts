import type { RemoteInfo } from 'node:dgram'
import { isIPv6 } from 'node:net'
import { FrameSplitter } from '../c37118/index.ts'
import type { Endpoint, ServerConfig } from '../config/server.ts'
import { describeEndpoint } from '../config/server.ts'
import { urlHost } from '../config/transport.ts'
import { utcMs } from '../runtime/clock.ts'
import { AllowList } from './admission.ts'
import { plainAddress } from './channel.ts'
import { DatagramReceiver } from './datagram-sender.ts'
import type { Listener } from './listener.ts'
import type { SendTurn } from './send-turn.ts'
import { ServedClient, type Streams } from './served-client.ts'
import type { ServerCounters } from './server-counters.ts'
import { bindUdp, closeUdp, createUdpSocket } from './udp-socket.ts'

interface UdpClient {
  readonly host: string
  readonly sinceMs: number
  readonly receiver: DatagramReceiver
  readonly client: ServedClient
}

/**
 * A UDP port that PDCs command us on; answers and data go to where a command
 * came from. A client has no connection that could end: it gets data until it
 * turns them off, the configuration changes, or others need its place.
 */
export async function openUdpListener(
  endpoint: Extract<Endpoint, { kind: 'udp' }>,
  config: ServerConfig,
  streams: Streams,
  counters: ServerCounters,
  turn: SendTurn,
): Promise<Listener> {
  const { limits } = config
  const allowed = new AllowList(config.allow)
  const clients = new Map<string, UdpClient>()
  const socket = createUdpSocket(isIPv6(endpoint.host))
  await bindUdp(socket, endpoint.port, endpoint.host, describeEndpoint(endpoint))
  socket.on('error', () => counters.sendErrors.add())

  const sending = { maxBufferedBytes: limits.bufferedBytes, counters, turn }
  const newClient = (host: string, port: number): UdpClient => {
    const receiver = new DatagramReceiver(socket, host, port, sending)
    const client: ServedClient = new ServedClient(streams, counters, limits.answersPerSecond, (stream) => ({
      receiver,
      answer(frames) {
        for (const frame of frames) receiver.send(frame)
      },
      outdated() {
        counters.configurationDisconnects.add()
        client.leaveStream(stream)
      },
    }))
    return { host: plainAddress(host), sinceMs: utcMs(), receiver, client }
  }

  /** Room for one more: clients that ask nothing go first, of too many at one address the oldest. */
  const makeRoom = (host: string): boolean => {
    const sameHost = [...clients].filter(([, client]) => client.host === host)
    if (sameHost.length >= limits.clientsPerAddress) return evict(sameHost[0])
    if (clients.size < limits.clients) return true
    return evict([...clients].find(([, { client }]) => client.idcodes.length === 0))
  }
  const evict = (entry: [string, UdpClient] | undefined): boolean => {
    if (!entry) return false
    entry[1].client.leave()
    return clients.delete(entry[0])
  }

  let sender: RemoteInfo | undefined
  const onFrame = (frame: Uint8Array): void => {
    const { address, port } = sender!
    const key = `${address} ${port}`
    let known = clients.get(key)
    if (!known) {
      const fresh = newClient(address, port)
      if (!fresh.client.isForUs(frame)) {
        counters.refuse('foreign-idcode')
        return
      }
      if (!makeRoom(fresh.host)) {
        counters.refuse('too-many-clients')
        return
      }
      known = fresh
      clients.set(key, known)
      counters.clients(clients, clients.size)
    }
    known.client.frame(frame)
  }
  const splitter = new FrameSplitter({ onDiscard: (count, reason) => counters.junk(count, reason) })
  socket.on('message', (bytes, from) => {
    if (!allowed.admits(plainAddress(from.address))) {
      counters.refuse('address-not-allowed')
      return
    }
    sender = from
    splitter.push(bytes, onFrame)
    if (splitter.pending > 0) splitter.flush(onFrame)
  })

  const at = socket.address()
  return {
    address: { kind: 'udp', host: at.address, port: at.port },
    clients: () =>
      [...clients.values()].map(({ host, sinceMs, receiver, client }) => ({
        address: `${urlHost(host)}:${receiver.port}`,
        sinceMs,
        idcodes: client.idcodes,
        sent: receiver.sent,
        dropped: receiver.dropped,
        bufferedBytes: receiver.bufferedBytes,
      })),
    streamAdded() {},
    streamRemoved() {},
    configurationChanged() {},
    async close() {
      for (const { client, receiver } of clients.values()) {
        client.leave()
        receiver.close()
      }
      clients.clear()
      counters.clients(clients, 0)
      await closeUdp(socket)
    },
  }
}
