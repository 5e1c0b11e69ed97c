import { lookup } from 'node:dns/promises'
import { describeTransport, type Transport } from '../config/transport.ts'
import type { Channel, ChannelReceiver, OpenOptions } from './channel.ts'
import { plainAddress } from './channel.ts'
import { LinkError, reasonOf } from './link-error.ts'
import type { Lease, SharedInputs } from './shared-inputs.ts'
import { openTapChannel } from './tap-channel.ts'
import { openTcp } from './tcp-channel.ts'
import type { UdpPort } from './udp-port.ts'

/** Opens the way to a PMU that its transport names. */
export async function openChannel(
  transport: Transport,
  receiver: ChannelReceiver,
  inputs: SharedInputs,
  options: OpenOptions,
): Promise<Channel> {
  switch (transport.kind) {
    case 'tcp':
      return openTcp(transport, receiver, options)
    case 'tcp+udp':
      return openTcpUdp(transport, receiver, inputs, options)
    case 'udp':
      return openUdp(transport, receiver, inputs)
    case 'udp-spontaneous':
      return openSpontaneous(transport, receiver, inputs)
    case 'pcap':
      return openTapChannel(transport, receiver, inputs)
  }
}

type TransportOf<K extends Transport['kind']> = Extract<Transport, { kind: K }>

/** Commands and configuration over TCP, data over UDP (or, if the PMU does so, over TCP too). */
async function openTcpUdp(
  transport: TransportOf<'tcp+udp'>,
  receiver: ChannelReceiver,
  inputs: SharedInputs,
  options: OpenOptions,
): Promise<Channel> {
  const lease = await inputs.udp(transport.data)
  try {
    const tcp = await openTcp(transport, receiver, options)
    const udp = readPort(lease, receiver, plainAddress(tcp.remoteAddress))
    return {
      address: tcp.address,
      commanded: true,
      get pending() {
        return tcp.pending
      },
      get badChecksums() {
        return tcp.badChecksums + udp.badChecksums
      },
      flush: () => tcp.flush(),
      send: (command) => tcp.send(command),
      closed: Promise.race([tcp.closed, lease.failed]),
      async close() {
        await tcp.close()
        udp.release()
      },
    }
  } catch (error) {
    lease.release()
    throw error
  }
}

async function openUdp(
  transport: TransportOf<'udp'>,
  receiver: ChannelReceiver,
  inputs: SharedInputs,
): Promise<Channel> {
  const address = describeTransport(transport)
  const remote = await resolveHost(transport.host, address)
  const lease = await inputs.udp(transport.local)
  return datagramChannel(address, lease, readPort(lease, receiver, remote), (command) =>
    lease.value.send(command, transport.port, remote),
  )
}

async function openSpontaneous(
  transport: TransportOf<'udp-spontaneous'>,
  receiver: ChannelReceiver,
  inputs: SharedInputs,
): Promise<Channel> {
  const lease = await inputs.udp(transport.local)
  return datagramChannel(describeTransport(transport), lease, readPort(lease, receiver, transport.from))
}

function datagramChannel(
  address: string,
  lease: Lease<UdpPort>,
  reading: Reading,
  send?: (command: Uint8Array) => void,
): Channel {
  return {
    address,
    commanded: send !== undefined,
    pending: 0,
    get badChecksums() {
      return reading.badChecksums
    },
    flush() {},
    send(command) {
      if (!send) throw new LinkError({ code: 'LINK_NOT_COMMANDED', address }, `nobody can be asked at ${address}`)
      send(command)
    },
    closed: lease.failed,
    async close() {
      reading.release()
    },
  }
}

interface Reading {
  readonly badChecksums: number
  release(): void
}

function readPort(lease: Lease<UdpPort>, receiver: ChannelReceiver, from: string | undefined): Reading {
  const port = lease.value
  const before = port.badChecksums
  const remove = port.add({ receiver, from })
  return {
    get badChecksums() {
      return port.badChecksums - before
    },
    release() {
      remove()
      lease.release()
    },
  }
}

async function resolveHost(host: string, address: string): Promise<string> {
  try {
    return plainAddress((await lookup(host)).address)
  } catch (error) {
    const reason = reasonOf(error)
    throw new LinkError({ code: 'LINK_CONNECT_FAILED', address, reason }, `${address}: ${reason}`, { cause: error })
  }
}
