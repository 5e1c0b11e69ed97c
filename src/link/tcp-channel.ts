import { connect, type Socket } from 'node:net'
import { FrameSplitter } from '../c37118/index.ts'
import { urlHost } from '../config/transport.ts'
import type { Channel, ChannelReceiver, OpenOptions } from './channel.ts'
import { LinkError, reasonOf } from './link-error.ts'

/** A peer that does not take our goodbye is left after this long. */
const GOODBYE_MS = 500
/** Dead peers are found by the kernel too, where no data rate tells. */
const KEEP_ALIVE_MS = 15_000

/**
 * All connections are read into this one. A buffer of its own for each read,
 * which is Node's default, is a block of memory outside of the heap for each
 * frame of each PMU: collecting those of 1,000 PMUs held up all of them.
 */
const readBuffer = Buffer.allocUnsafeSlow(65_536)

/** A TCP connection on which we are the PDC. */
export interface TcpChannel extends Channel {
  /** The PMU's address as connected, without a name. */
  readonly remoteAddress: string
}

export async function openTcp(
  { host, port }: { readonly host: string; readonly port: number },
  receiver: ChannelReceiver,
  { connectMs, signal }: OpenOptions,
): Promise<TcpChannel> {
  const address = `${urlHost(host)}:${port}`
  const splitter = new FrameSplitter({ onDiscard: (count, reason) => receiver.discarded(count, reason) })
  const onFrame = (frame: Uint8Array): void => receiver.frame(frame)
  const onRead = (count: number): boolean => {
    receiver.received(count)
    // What is small comes from a pool, which lasts as long as the last frame in it.
    const chunk = Buffer.allocUnsafe(count)
    readBuffer.copy(chunk, 0, 0, count)
    splitter.push(chunk, onFrame)
    return true
  }
  const socket = await connectTcp(host, port, address, connectMs, signal, onRead)

  let failure: Error | undefined
  socket.on('error', (error) => {
    failure = error
  })
  const closed = new Promise<LinkError>((resolve) => {
    socket.on('close', () =>
      resolve(
        failure
          ? new LinkError(
              { code: 'LINK_FAILED', address, reason: reasonOf(failure) },
              `${address}: ${reasonOf(failure)}`,
            )
          : new LinkError({ code: 'LINK_CLOSED_BY_PEER', address }, `${address} hung up`),
      ),
    )
  })

  return {
    address,
    remoteAddress: socket.remoteAddress ?? host,
    commanded: true,
    get pending() {
      return splitter.pending
    },
    get badChecksums() {
      return splitter.badChecksums
    },
    flush: () => splitter.flush(onFrame),
    send(command) {
      if (socket.writable) socket.write(command)
    },
    closed,
    async close() {
      socket.destroySoon()
      const giveUp = setTimeout(() => socket.destroy(), GOODBYE_MS)
      await closed
      clearTimeout(giveUp)
    },
  }
}

function connectTcp(
  host: string,
  port: number,
  address: string,
  connectMs: number,
  signal: AbortSignal,
  onRead: (count: number) => boolean,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      host,
      port,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_MS,
      onread: { buffer: readBuffer, callback: onRead },
    })
    const timer = setTimeout(() => socket.destroy(new Error(`not open after ${connectMs} ms`)), connectMs)
    const onAbort = (): void => {
      socket.destroy(new Error('stopped'))
    }
    const settle = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
      socket.off('error', onError)
    }
    const onError = (error: Error): void => {
      settle()
      const reason = reasonOf(error)
      reject(new LinkError({ code: 'LINK_CONNECT_FAILED', address, reason }, `${address}: ${reason}`, { cause: error }))
    }
    socket.on('error', onError)
    socket.once('connect', () => {
      settle()
      resolve(socket)
    })
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
  })
}
