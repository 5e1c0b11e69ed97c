import { Duplex } from 'node:stream'

/**
 * The stream MQTT.js sees: what it writes goes to the broker's socket at once,
 * in the order in which everybody wrote; what it reads are the packets that are
 * left for it. Closes with the socket, and the socket with it.
 */
export class LibraryStream extends Duplex {
  readonly #socket: Duplex

  constructor(socket: Duplex) {
    super()
    this.#socket = socket
    socket.on('error', (error) => this.destroy(error))
    socket.on('close', () => this.destroy())
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#socket.write(chunk)
    done()
  }

  /**
   * MQTT.js holds a packet back until the end of the turn. Frames would overtake
   * it, and our own state the request for what was there before it.
   */
  override cork(): void {}
  override uncork(): void {}

  override _final(done: () => void): void {
    this.#socket.end()
    done()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#socket.destroy()
    done(error)
  }
}
