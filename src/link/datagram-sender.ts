import type { Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import { isMulticast, urlHost } from '../config/transport.ts'
import { mostGathered, type SendTurn } from './send-turn.ts'
import type { DataReceiver } from './served-stream.ts'
import type { ServerCounters, StreamCounters } from './server-counters.ts'
import { bindUdp, closeUdp, createUdpSocket } from './udp-socket.ts'

/** Where datagrams leave from. */
export interface DatagramOrigin {
  /** Local address, or where they go: it says IPv4 or IPv6. */
  readonly host: string
  readonly group?: string | undefined
  readonly interface?: string | undefined
  readonly hops?: number
}

export interface DatagramDeps {
  /** Of what waits in the system's queue; what comes then is dropped. */
  readonly maxBufferedBytes: number
  readonly counters: ServerCounters
  readonly turn: SendTurn
}

/** A UDP socket that only sends. */
export interface DatagramSender {
  /** The same object for the same address. */
  to(host: string, port: number): DatagramReceiver
  /** Drops what was made for an address. */
  forget(host: string): void
  close(): Promise<void>
}

/** One address that datagrams go to. */
export class DatagramReceiver implements DataReceiver {
  readonly host: string
  readonly port: number
  readonly #socket: Socket
  readonly #maxBufferedBytes: number
  readonly #mostGathered: number
  readonly #turn: SendTurn
  readonly #onSent: (error: Error | null) => void
  #gathered: Uint8Array[] = []
  #gatheredBytes = 0
  readonly #sendGathered = (): void => {
    const gathered = this.#gathered
    this.#gathered = []
    this.#gatheredBytes = 0
    for (const frame of gathered) this.#sendNow(frame)
  }
  readonly #counters: ServerCounters
  #isClosed = false
  #sent = 0
  #dropped = 0

  constructor(socket: Socket, host: string, port: number, deps: DatagramDeps) {
    const { maxBufferedBytes, counters, turn } = deps
    this.#socket = socket
    this.host = host
    this.port = port
    this.#maxBufferedBytes = maxBufferedBytes
    this.#mostGathered = mostGathered(maxBufferedBytes)
    this.#turn = turn
    this.#counters = counters
    this.#onSent = (error) => {
      if (error) counters.sendErrors.add()
    }
  }

  get bufferedBytes(): number {
    return this.#isClosed ? 0 : this.#gatheredBytes + this.#socket.getSendQueueSize()
  }

  get sent(): number {
    return this.#sent
  }

  get dropped(): number {
    return this.#dropped
  }

  /** What does not fit into the system's queue is lost, as a datagram may be. */
  data(frame: Uint8Array, counters: StreamCounters): boolean {
    if (this.#isClosed) return false
    // What is gathered in a turn is nothing that the system would not take.
    if (this.#socket.getSendQueueSize() > this.#maxBufferedBytes) {
      this.#dropped++
      counters.dropped.add()
      return false
    }
    this.#sent++
    counters.sent.add()
    this.send(frame)
    return true
  }

  send(frame: Uint8Array): void {
    if (!this.#turn.mustNote) {
      this.#sendNow(frame)
      return
    }
    if (this.#gatheredBytes > this.#mostGathered) this.#flush()
    if (this.#gathered.length === 0) this.#turn.atEnd(this.#sendGathered)
    this.#gathered.push(frame)
    this.#gatheredBytes += frame.length
  }

  /** What was gathered in this turn leaves now, before the socket is closed. */
  close(): void {
    this.#flush()
    this.#isClosed = true
  }

  #flush(): void {
    if (this.#gathered.length === 0) return
    this.#turn.note()
    this.#sendGathered()
  }

  #sendNow(frame: Uint8Array): void {
    try {
      this.#socket.send(frame, this.port, this.host, this.#onSent)
    } catch {
      // It is closed: a receiver that was forgotten in the same turn.
      this.#counters.sendErrors.add()
    }
  }
}

export async function openDatagramSender(origin: DatagramOrigin, deps: DatagramDeps): Promise<DatagramSender> {
  const target = origin.group ?? origin.host
  const socket = createUdpSocket(isIPv6(target))
  await bindUdp(socket, 0, undefined, `udp://${urlHost(target)}`)
  socket.on('error', () => deps.counters.sendErrors.add())
  if (isMulticast(target)) {
    if (origin.interface !== undefined) socket.setMulticastInterface(origin.interface)
    if (origin.hops !== undefined) socket.setMulticastTTL(origin.hops)
  }

  const receivers = new Map<string, DatagramReceiver>()
  return {
    to(host, port) {
      const key = `${host} ${port}`
      let receiver = receivers.get(key)
      if (!receiver) {
        receiver = new DatagramReceiver(socket, host, port, deps)
        receivers.set(key, receiver)
      }
      return receiver
    },
    forget(host) {
      for (const [key, receiver] of receivers) if (receiver.host === host) receivers.delete(key)
    },
    close() {
      for (const receiver of receivers.values()) receiver.close()
      return closeUdp(socket)
    },
  }
}
