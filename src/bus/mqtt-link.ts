/**
 * One MQTT connection, from CONNECT to its loss. Never used twice: a reconnect
 * is a new one, so nothing of the old is sent again, not from MQTT.js's own
 * store either.
 */
import type { Duplex } from 'node:stream'
import { type IClientOptions, MqttClient } from 'mqtt'
import { monotonicMs } from '../runtime/clock.ts'
import type { MessageHandler, PublishOptions, Settled } from './bus.ts'
import { BusError } from './bus-error.ts'
import { ControlIds } from './control-ids.ts'
import { InFlight } from './in-flight.ts'
import { IncomingPackets } from './incoming-packets.ts'
import { LaneProbe } from './lane-probe.ts'
import { LibraryStream } from './library-stream.ts'
import { PublishWriter } from './publish-writer.ts'
import { SilenceWatch } from './silence-watch.ts'

/** What comes out of a session that the broker keeps. */
export interface SessionSink {
  /** Bytes came; what is in them follows. */
  reading(): void
  /** A message; one with an `id` (QoS 1) is acknowledged by {@link MqttLink.acknowledge}, whenever that is. */
  message(topic: string, payload: Uint8Array, retained: boolean, id: number, isAgain: boolean): void
}

export interface LinkOptions {
  /** For messages: the address without credentials. */
  readonly name: string
  /** Connecting, or connected. The link closes it. */
  readonly socket: Duplex
  readonly client: IClientOptions
  readonly maxBufferedBytes: number
  /** The broker is dead when nothing is heard of it for so long, or nothing acknowledged. */
  readonly deadMs: number
  /** The one before it {@link MqttLink.wasBusy}, maybe. */
  readonly isPatient?: boolean
  /** A message the broker sent. */
  readonly onMessage: MessageHandler
  /** With it the session outlives the connection (clean = false), and messages go here instead. */
  readonly session?: SessionSink
}

/** Larger than any message of the contract; a broker that sends more is not trusted with memory. */
const MAX_PACKET_BYTES = 16 * 1024 * 1024

const nothing = (): void => {}

export class MqttLink {
  /** The address without credentials. */
  readonly name: string
  readonly #client: MqttClient
  readonly #socket: Duplex
  readonly #writer: PublishWriter
  readonly #inFlight = new InFlight()
  readonly #probe = new LaneProbe()
  readonly #silence: SilenceWatch
  #watch: NodeJS.Timeout | undefined
  readonly #maxBufferedBytes: number
  readonly #deadMs: number
  #up = false
  /** SUBSCRIBEs without a SUBACK yet. */
  #subscribing = 0
  #wasBusy = false
  #hasSession = false
  #failure: BusError | undefined

  /** Resolves when the broker has taken the connection. */
  readonly opened: Promise<void>
  /** Resolves with the reason when it is over, however it ended. */
  readonly closed: Promise<BusError>

  constructor({ name, socket, client, maxBufferedBytes, deadMs, isPatient, onMessage, session }: LinkOptions) {
    this.name = name
    this.#maxBufferedBytes = maxBufferedBytes
    this.#socket = socket
    this.#silence = new SilenceWatch(deadMs, isPatient)
    this.#deadMs = deadMs
    this.#writer = new PublishWriter((bytes) => socket.write(bytes))
    const stream = new LibraryStream(socket)
    const incoming = new IncomingPackets(
      {
        publish: (topic, payload, retained, id, isAgain) => {
          if (session) {
            session.message(topic, payload, retained, id, isAgain)
            return
          }
          onMessage(topic, payload, retained)
          if (id !== 0) this.#writer.acknowledge(id)
        },
        acknowledged: (id) => this.#inFlight.acknowledge(id),
        pong: () => this.#probe.answered(),
        other: (packet) => stream.push(packet),
        malformed: (problem) => this.#fail(new Error(`malformed: ${problem}`)),
      },
      MAX_PACKET_BYTES,
    )
    socket.on('data', (chunk: Buffer) => {
      this.#silence.heard()
      session?.reading()
      incoming.push(chunk)
    })
    socket.on('error', (error) => this.#fail(error))

    this.#client = new MqttClient(() => stream, {
      ...client,
      protocolId: 'MQTT',
      protocolVersion: 4,
      clean: session === undefined,
      reconnectPeriod: 0,
      resubscribe: false,
      queueQoSZero: false,
      // What is written past the library it does not see, nor what is read: {@link SilenceWatch} does.
      timerVariant: { set: () => 0, clear: nothing },
      messageIdProvider: new ControlIds(),
      // The library formats a line per packet for the debug package otherwise.
      log: nothing,
    })
    this.#client.on('error', (error) => this.#fail(error))

    this.opened = new Promise((resolve, reject) => {
      this.#client.once('connect', ({ sessionPresent }) => {
        this.#up = true
        this.#watch = setInterval(this.#look, this.#silence.intervalMs).unref()
        this.#hasSession = sessionPresent
        resolve()
      })
      this.#client.once('close', () =>
        reject(this.#over(this.#up ? 'closed by the broker' : 'closed before it was taken')),
      )
    })
    this.opened.catch(nothing)
    this.closed = new Promise((resolve) => {
      this.#client.once('close', () => resolve(this.#over('closed by the broker')))
    })
  }

  get up(): boolean {
    return this.#up
  }

  /** The broker had kept a session for this client id. Known once it is open. */
  get hasSession(): boolean {
    return this.#hasSession
  }

  /** It was given up while a subscription was asked for, or before it had proved good: the broker may only be busy. */
  get wasBusy(): boolean {
    return this.#wasBusy
  }

  get lagMs(): number {
    return this.#probe.lagMs(monotonicMs())
  }

  /** Publishes without a PUBACK yet. */
  get unacknowledged(): number {
    return this.#inFlight.count
  }

  publish(topic: string, payload: Uint8Array, { qos, retain = false }: PublishOptions, settled?: Settled): boolean {
    if (!this.#up || this.#socket.writableLength + this.#writer.pending > this.#maxBufferedBytes) return false
    if (qos === 1) {
      const id = this.#inFlight.take(settled)
      if (id === 0) return false
      this.#writer.publish(topic, payload, id, retain)
      return true
    }
    this.#writer.publish(topic, payload, 0, retain)
    const now = monotonicMs()
    if (this.#probe.due(now)) this.#ping(now)
    settled?.()
    return true
  }

  /** A message of the session is done with. */
  acknowledge(id: number): void {
    if (this.#up) this.#writer.acknowledge(id)
  }

  /** Reads nothing until `resume`: the broker's data wait in its own buffers and on the way. */
  pause(): void {
    this.#silence.pause(true)
    this.#socket.pause()
  }

  resume(): void {
    this.#silence.pause(false)
    this.#socket.resume()
  }

  /** Rejects when the broker refuses it or the connection ends. */
  async subscribe(filter: string, qos: 0 | 1): Promise<void> {
    if (!this.#up) throw this.#over('not connected')
    this.#writer.flush()
    this.#subscribing++
    try {
      await this.#client.subscribeAsync(filter, { qos })
    } catch (error) {
      if (!this.#up) throw this.#over('closed')
      this.#silence.refused()
      throw new BusError(
        { code: 'BUS_SUBSCRIPTION_REFUSED', broker: this.name, filter },
        `${this.name} refused a subscription to ${filter}`,
        { cause: error },
      )
    } finally {
      this.#subscribing--
    }
  }

  unsubscribe(filter: string): void {
    if (!this.#up) return
    this.#writer.flush()
    this.#client.unsubscribe(filter, nothing)
  }

  /** Says DISCONNECT, so the will is not sent, and lets go. Resolves when the socket is closed, or after `graceMs`. */
  async disconnect(graceMs: number): Promise<void> {
    this.#writer.flush()
    const timer = setTimeout(() => this.destroy(), graceMs)
    if (this.#up) {
      this.#client.end(false)
      this.#up = false
    } else {
      this.destroy()
    }
    await this.closed
    clearTimeout(timer)
  }

  /** Cuts the connection: the broker will send the will. */
  destroy(): void {
    this.#up = false
    this.#writer.close()
    this.#client.end(true)
  }

  readonly #look = (): void => {
    const now = monotonicMs()
    const verdict = this.#silence.tick(now, this.#inFlight.counts, this.#subscribing > 0)
    if (verdict === 'ping') this.#ping(now)
    else if (verdict !== 'alive') {
      this.#wasBusy = this.#subscribing > 0 || !this.#silence.isProved
      const what = verdict === 'silent' ? 'nothing heard' : 'nothing acknowledged'
      this.#fail(new Error(`${what} for ${this.#deadMs} ms`))
    }
  }

  #ping(now: number): void {
    this.#writer.ping()
    this.#probe.sent(now)
  }

  #fail(error: Error & { code?: string | number }): void {
    const { code } = error
    this.#failure ??=
      typeof code === 'number'
        ? new BusError(
            { code: 'BUS_REFUSED', broker: this.name, returnCode: code, reason: error.message },
            `${this.name}: ${error.message}`,
          )
        : this.#lost(error.message === '' ? String(code ?? 'unknown') : error.message, error)
    this.destroy()
  }

  /** Cleans up at the end of the connection, once; gives the reason. */
  #over(reason: string): BusError {
    this.#up = false
    clearInterval(this.#watch)
    this.#failure ??= this.#lost(reason)
    this.#writer.close()
    this.#inFlight.fail(this.#failure)
    return this.#failure
  }

  #lost(reason: string, cause?: Error): BusError {
    return new BusError(
      { code: 'BUS_CONNECTION_LOST', broker: this.name, reason },
      `${this.name}: ${reason}`,
      cause === undefined ? undefined : { cause },
    )
  }
}
