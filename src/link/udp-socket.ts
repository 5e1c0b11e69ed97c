import { createSocket, type Socket } from 'node:dgram'
import { LinkError, reasonOf } from './link-error.ts'

/** Asked of the kernel, which may give less: bursts of many PMUs wait here while JavaScript is busy. */
const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024

/** We send to addresses only: there is no name to look up, and no turn of the event loop to spend on it. */
export function createUdpSocket(ipv6: boolean, reuseAddr = false): Socket {
  const family = ipv6 ? 6 : 4
  return createSocket({
    type: ipv6 ? 'udp6' : 'udp4',
    reuseAddr,
    lookup: (address, _options, done) => done(null, address, family),
  })
}

/** `address` is how the port is named in errors. Port 0 lets the system choose. */
export function bindUdp(socket: Socket, port: number, host: string | undefined, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (error: Error): void => {
      socket.close()
      const reason = reasonOf(error)
      reject(new LinkError({ code: 'LINK_LISTEN_FAILED', address, reason }, `${address}: ${reason}`, { cause: error }))
    }
    socket.once('error', onError)
    socket.bind({ port, ...(host !== undefined && { address: host }) }, () => {
      socket.off('error', onError)
      enlargeReceiveBuffer(socket)
      resolve()
    })
  })
}

export function closeUdp(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.close(() => resolve()))
}

function enlargeReceiveBuffer(socket: Socket): void {
  try {
    socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES)
  } catch {
    // The system's own size has to do.
  }
}
