import type { Socket } from 'node:net'
import { FrameSplitter } from '../c37118/index.ts'
import type { ServerConfig } from '../config/server.ts'
import { urlHost } from '../config/transport.ts'
import { monotonicMs } from '../runtime/clock.ts'
import { plainAddress } from './channel.ts'
import { LatePace } from './late-pace.ts'
import { connectionKey, type SendQueues, type WatchedConnection } from './send-queues.ts'
import type { SendTurn } from './send-turn.ts'
import { ServedClient, type Streams } from './served-client.ts'
import type { DataReceiver, FrameFate } from './served-stream.ts'
import type { ServerCounters, StreamCounters } from './server-counters.ts'
import { TurnWrites } from './turn-writes.ts'
import { UnsentFrames } from './unsent-frames.ts'

/** A connection that we close has so long to take what was sent before. */
const CLOSE_MS = 1_000
/** A command that began has so long to end. */
const UNFINISHED_MS = 2_000
/** Of what waits, so much is given to the system at a time: how much of that a client got nobody can say. */
const GIVEN_BYTES = 4096
/** Where the system does not tell what is unacknowledged, no late frame goes behind so much. */
const MAX_LATE_BYTES = 65_536
/** Who had no room for late frames for so long, or left something unsent, is not waited for. */
const STANDSTILL_MS = 5_000
/** Late frames are over when none was asked for in this time. */
const LATE_MS = 1_000

export interface TcpClientDeps {
  readonly streams: Streams
  readonly counters: ServerCounters
  readonly config: ServerConfig
  /** Where its data go, if not down its own connection. */
  readonly dataReceiver: DataReceiver | undefined
  readonly queues: SendQueues
  readonly turn: SendTurn
  readonly onClose: () => void
}

/**
 * One connection of a PDC. What it may cost is bounded: unsent bytes by count
 * and age, junk, requests per second, and the time until its first command.
 */
export class TcpClient implements DataReceiver, WatchedConnection {
  readonly address: string
  readonly key: string
  readonly #pace = new LatePace()
  #lateMs = Number.NEGATIVE_INFINITY
  /** When it was asked for room last, and since when it had none whenever it was. */
  #askedMs = Number.NEGATIVE_INFINITY
  #noRoomSinceMs: number | undefined
  readonly #socket: Socket
  readonly #deps: TcpClientDeps
  readonly #client: ServedClient
  readonly #splitter: FrameSplitter
  readonly #firstCommand: NodeJS.Timeout
  readonly #idle: NodeJS.Timeout
  #unfinished: NodeJS.Timeout | undefined
  #commanded = false
  /** Bytes since the last good frame. */
  #junk = 0
  /** When unsent bytes began to stand, and whether they were too many or too old since. */
  #unsentSinceMs = 0
  #slow = false
  #sent = 0
  #dropped = 0
  #closing = false
  readonly #writes: TurnWrites
  /** What the system would not take yet. */
  readonly #unsent = new UnsentFrames()
  /** The system has yet to take what it was given, and will say so. */
  #isFull = false
  readonly #given = (error?: Error | null): void => {
    // Its connection is over: 'close' follows.
    if (!error) this.#giveUnsent()
  }

  constructor(socket: Socket, deps: TcpClientDeps) {
    const { streams, counters, config } = deps
    this.#socket = socket
    this.#deps = deps
    this.#writes = new TurnWrites(socket, deps.turn, config.limits.bufferedBytes)
    this.address = `${urlHost(plainAddress(socket.remoteAddress ?? ''))}:${socket.remotePort}`
    this.key = connectionKey(socket.localPort, socket.remoteAddress, socket.remotePort)
    this.#client = new ServedClient(streams, counters, config.limits.answersPerSecond, () => ({
      receiver: deps.dataReceiver ?? this,
      answer: (frames) => this.#answer(frames),
      outdated: () => {
        if (!this.#closing) counters.configurationDisconnects.add()
        this.close()
      },
    }))
    this.#splitter = new FrameSplitter({
      onDiscard: (count, reason) => {
        this.#junk += count
        counters.junk(count, reason)
      },
    })
    this.#firstCommand = setTimeout(() => this.#refuse('no-command'), config.limits.firstCommandMs)
    this.#idle = setTimeout(() => {
      if (this.#client.isReceiving) this.#idle.refresh()
      else this.#refuse('idle')
    }, config.limits.idleMs)

    const onFrame = (frame: Uint8Array): void => this.#frame(frame)
    socket.on('data', (chunk) => {
      if (this.#closing) return
      this.#splitter.push(chunk, onFrame)
      if (this.#junk + (this.#commanded ? 0 : this.#splitter.pending) > config.limits.junkBytes) this.#refuse('junk')
      else this.#watchUnfinished(onFrame)
    })
    // It may be that it does not read either: what is sent then goes nowhere.
    socket.on('end', () => this.close())
    // What went wrong is of no use to anyone: 'close' follows.
    socket.on('error', () => {})
    socket.on('close', () => {
      this.#release()
      this.#dropped += this.#unsent.release()
      deps.queues.forget(this)
      deps.onClose()
    })
  }

  get bufferedBytes(): number {
    return this.#socket.writableLength + this.#unsent.bytes
  }

  get lateRoom(): number {
    const nowMs = monotonicMs()
    const wasAsked = nowMs - this.#askedMs < LATE_MS
    this.#askedMs = nowMs
    const room = this.#roomNow()
    if (room > 0) this.#noRoomSinceMs = undefined
    else if (!wasAsked) this.#noRoomSinceMs = nowMs
    else this.#noRoomSinceMs ??= nowMs
    return room
  }

  get standsStill(): boolean {
    const sinceMs = this.#noRoomSinceMs ?? (this.#unsentSinceMs || undefined)
    return sinceMs !== undefined && monotonicMs() - sinceMs > STANDSTILL_MS
  }

  #roomNow(): number {
    const { queues } = this.#deps
    if (this.#isFull) return 0
    if (!queues.isThere) return this.bufferedBytes > MAX_LATE_BYTES ? 0 : MAX_LATE_BYTES
    if (!this.isWatching) queues.watch(this)
    this.#lateMs = monotonicMs()
    return this.#pace.room
  }

  lateGiven(bytes: number): void {
    this.#pace.spent(bytes)
  }

  get written(): number {
    return this.#socket.bytesWritten - this.#socket.writableLength
  }

  get isWatching(): boolean {
    return monotonicMs() - this.#lateMs < LATE_MS
  }

  unacknowledged(bytes: number, atMs: number, written: number): void {
    this.#pace.sample(atMs, written, bytes)
  }

  /** It has commanded a stream of ours. */
  get commanded(): boolean {
    return this.#commanded
  }

  get sent(): number {
    return this.#sent
  }

  get dropped(): number {
    return this.#dropped
  }

  get idcodes(): number[] {
    return this.#client.idcodes
  }

  data(frame: Uint8Array, counters: StreamCounters, fate: FrameFate): boolean | 'waits' {
    if (!this.#socket.writable) return false
    // What is gathered in a turn is nothing that a slow client leaves unsent.
    const unsent = this.#socket.writableCorked > 0 ? 0 : this.bufferedBytes
    if (unsent === 0) {
      this.#unsentSinceMs = 0
      this.#slow = false
    } else if (this.#isSlow(unsent + frame.length)) {
      this.#dropped++
      counters.dropped.add()
      if (this.#deps.config.slow === 'disconnect') this.#disconnectSlow()
      return false
    }
    if (this.#isFull) {
      this.#unsent.push(frame, counters, fate)
      return 'waits'
    }
    this.#sent++
    counters.sent.add()
    this.#isFull = !this.#writes.write(frame, this.#given)
    return true
  }

  /** Lets what was sent go out for a while, then closes whatever the client does. */
  close(): void {
    if (this.#closing) return
    this.#closing = true
    this.#release()
    // With it goes what was gathered in this turn.
    this.#deps.turn.note()
    if (!this.#isFull) this.#socket.destroySoon()
    const timer = setTimeout(() => this.#socket.destroy(), CLOSE_MS)
    this.#socket.once('close', () => clearTimeout(timer))
  }

  /** Gives up its place: it has not said anything sensible, and others want in. */
  yieldPlace(): void {
    this.#refuse('no-command')
  }

  #frame(frame: Uint8Array): void {
    if (this.#closing) return
    this.#junk = 0
    const verdict = this.#client.frame(frame)
    if (verdict === 'flood') this.#drop()
    if (verdict !== 'command') return
    this.#idle.refresh()
    if (this.#commanded) return
    this.#commanded = true
    clearTimeout(this.#firstCommand)
  }

  /** A FRAMESIZE that is only noise must not swallow the commands after it. */
  #watchUnfinished(onFrame: (frame: Uint8Array) => void): void {
    if (this.#splitter.pending === 0) {
      clearTimeout(this.#unfinished)
      this.#unfinished = undefined
    } else {
      this.#unfinished ??= setTimeout(() => {
        this.#unfinished = undefined
        this.#splitter.flush(onFrame)
      }, UNFINISHED_MS)
    }
  }

  #answer(frames: readonly Uint8Array[]): void {
    if (this.#socket.writableLength > this.#deps.config.limits.bufferedBytes) {
      this.#deps.counters.refuse('too-many-requests')
      return
    }
    for (const frame of frames) this.#socket.write(frame)
  }

  /** In small parts, so that little is in doubt when the connection ends. */
  #giveUnsent(): void {
    if (this.#unsent.length === 0) {
      this.#isFull = false
      if (this.#closing) this.#socket.destroySoon()
      return
    }
    // Its client has closed its side: nothing may follow.
    if (!this.#socket.writable) return
    const parts: Uint8Array[] = []
    for (let bytes = 0; bytes < GIVEN_BYTES && this.#unsent.length > 0; bytes += parts.at(-1)!.length) {
      parts.push(this.#unsent.take())
    }
    this.#sent += parts.length
    this.#deps.turn.note()
    this.#socket.write(parts.length === 1 ? parts[0]! : Buffer.concat(parts), this.#given)
  }

  /** Too much or too old unsent; then until all of it is sent, so that a client gets runs of frames, not every other one. */
  #isSlow(unsent: number): boolean {
    if (this.#slow) return true
    const { bufferedBytes, bufferedMs } = this.#deps.config.limits
    const nowMs = monotonicMs()
    if (this.#unsentSinceMs === 0) this.#unsentSinceMs = nowMs
    this.#slow = unsent > bufferedBytes || nowMs - this.#unsentSinceMs > bufferedMs
    return this.#slow
  }

  /** It does not read: waiting for it to take the rest would be in vain. */
  #disconnectSlow(): void {
    this.#deps.counters.slowDisconnects.add()
    this.#drop()
  }

  #refuse(reason: 'junk' | 'no-command' | 'idle'): void {
    if (this.#closing) return
    this.#deps.counters.refuse(reason)
    this.#drop()
  }

  #drop(): void {
    this.#closing = true
    this.#release()
    this.#socket.destroy()
  }

  #release(): void {
    clearTimeout(this.#firstCommand)
    clearTimeout(this.#idle)
    clearTimeout(this.#unfinished)
    this.#client.leave()
  }
}
