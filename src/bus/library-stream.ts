import { Duplex } from 'node:stream'

/**
 * The stream MQTT.js sees: what it writes goes to the broker's socket, what it
 * reads are the packets that are left for it. Closes with the socket, and the
 * socket with it.
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

  /** A packet is written in pieces: they must not be parted by what others write to the socket. */
  override _writev(chunks: readonly { readonly chunk: Buffer }[], done: () => void): void {
    this.#socket.write(Buffer.concat(chunks.map(({ chunk }) => chunk)))
    done()
  }

  override _final(done: () => void): void {
    this.#socket.end()
    done()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#socket.destroy()
    done(error)
  }
}
