import type { RemoteInfo, Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import { FrameSplitter, idcodeOf } from '../c37118/index.ts'
import { type UdpReceiver, urlHost } from '../config/transport.ts'
import { type ChannelReceiver, plainAddress } from './channel.ts'
import { LinkError, reasonOf } from './link-error.ts'
import { addReader, type ReadersByIdcode } from './readers-by-idcode.ts'
import { bindUdp, createUdpSocket } from './udp-socket.ts'

/** Who reads a UDP port: the frames of one IDCODE, from one address or from anybody. */
export interface UdpReader {
  readonly receiver: ChannelReceiver
  /** Only datagrams from here count; undefined: from anywhere. */
  readonly from: string | undefined
}

/** A UDP port of ours; several sources may read it, told apart by address and IDCODE. */
export interface UdpPort {
  readonly address: string
  readonly port: number
  /** Frames of wrong CHK so far, of all senders. */
  readonly badChecksums: number
  /** Begins to read; the returned function ends it. */
  add(reader: UdpReader): () => void
  /** Counted: the group is left when everyone who joined it has. Throws a LinkError. */
  join(group: string, onInterface: string | undefined): void
  leave(group: string, onInterface: string | undefined): void
  send(bytes: Uint8Array, port: number, address: string): void
  /** Why the socket ended by itself; pending forever otherwise. */
  readonly failed: Promise<LinkError>
  close(): void
}

/** Opens a UDP socket of its own; {@link createSharedInputs} shares one. */
export async function openUdpPort({ host, port, group }: UdpReceiver): Promise<UdpPort> {
  const name = `udp://${urlHost(host)}:${port}`
  const socket = createUdpSocket(isIPv6(host), group !== undefined)
  await bindUdp(socket, port, host, name)
  const failed = new Promise<LinkError>((resolve) => {
    socket.on('error', (error) => {
      const reason = reasonOf(error)
      resolve(new LinkError({ code: 'LINK_FAILED', address: name, reason }, `${name}: ${reason}`, { cause: error }))
    })
  })

  const readers: ReadersByIdcode<UdpReader> = new Map()
  let sender = ''
  const forSender = (act: (receiver: ChannelReceiver) => void): void => {
    for (const set of readers.values()) {
      for (const { receiver, from } of set) if (from === undefined || from === sender) act(receiver)
    }
  }
  const onFrame = (frame: Uint8Array): void => {
    const set = readers.get(idcodeOf(frame))
    if (!set) {
      forSender((receiver) => receiver.ignored('foreign-idcode'))
      return
    }
    for (const { receiver, from } of set) {
      if (from === undefined || from === sender) {
        receiver.received(frame.length)
        receiver.frame(frame)
      } else {
        receiver.ignored('foreign-sender')
      }
    }
  }
  const splitter = new FrameSplitter({
    onDiscard(count, reason) {
      forSender((receiver) => {
        receiver.received(count)
        receiver.discarded(count, reason)
      })
    },
  })
  // One frame per datagram, or several whole ones: nothing goes on in the next.
  socket.on('message', (bytes: Buffer, { address }: RemoteInfo) => {
    sender = plainAddress(address)
    splitter.push(bytes, onFrame)
    if (splitter.pending > 0) splitter.flush(onFrame)
  })

  const groups = new Map<string, number>()
  const at = socket.address()
  return {
    address: at.address,
    port: at.port,
    get badChecksums() {
      return splitter.badChecksums
    },
    add: (reader) => addReader(readers, reader),
    join(multicast, onInterface) {
      const key = `${multicast} ${onInterface ?? ''}`
      const members = groups.get(key) ?? 0
      if (members === 0) addMembership(socket, multicast, onInterface, name)
      groups.set(key, members + 1)
    },
    leave(multicast, onInterface) {
      const key = `${multicast} ${onInterface ?? ''}`
      const left = (groups.get(key) ?? 1) - 1
      if (left > 0) groups.set(key, left)
      else if (groups.delete(key)) dropMembership(socket, multicast, onInterface)
    },
    send: (bytes, toPort, address) => socket.send(bytes, toPort, address, ignoreLoss),
    failed,
    close: () => socket.close(),
  }
}

function addMembership(socket: Socket, group: string, onInterface: string | undefined, port: string): void {
  try {
    socket.addMembership(group, onInterface)
  } catch (error) {
    const address = `${port} group ${group}${onInterface === undefined ? '' : ` on ${onInterface}`}`
    const reason = reasonOf(error)
    throw new LinkError({ code: 'LINK_LISTEN_FAILED', address, reason }, `${address}: ${reason}`, { cause: error })
  }
}

function dropMembership(socket: Socket, group: string, onInterface: string | undefined): void {
  try {
    socket.dropMembership(group, onInterface)
  } catch {
    // The interface is gone, and the membership with it.
  }
}

/** A datagram that cannot be sent is lost, as any may be; who waits for an answer asks again. */
function ignoreLoss(): void {}
