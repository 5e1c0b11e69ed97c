import type { Socket } from 'node:net'
import { mostGathered, type SendTurn } from './send-turn.ts'

/**
 * Writes to one connection: those of one turn go out together at its end, in
 * one system call. The first goes out at once where nothing has to be noted
 * before.
 */
export class TurnWrites {
  readonly #socket: Socket
  readonly #turn: SendTurn
  readonly #mostGathered: number
  #isInTurn = false
  readonly #endTurn = (): void => {
    this.#isInTurn = false
    this.#socket.uncork()
  }

  constructor(socket: Socket, turn: SendTurn, bufferedBytes: number) {
    this.#socket = socket
    this.#turn = turn
    this.#mostGathered = mostGathered(bufferedBytes)
  }

  /** `false`: the system has yet to take it, and what was written before; then `taken` is called. Nothing is to be written until then. */
  write(frame: Uint8Array, taken: (error?: Error | null) => void): boolean {
    const isFirst = !this.#isInTurn
    if (isFirst) {
      this.#isInTurn = true
      this.#turn.atEnd(this.#endTurn)
    } else if (this.#isGathering && this.#socket.writableLength > this.#mostGathered) {
      this.#turn.note()
      this.#socket.uncork()
    }
    if (this.#socket.writableLength === 0 && (!isFirst || this.#turn.mustNote)) this.#gather()
    if (this.#socket.writableLength === 0 || this.#isGathering) {
      this.#socket.write(frame)
      return true
    }
    this.#socket.write(frame, taken)
    return false
  }

  get #isGathering(): boolean {
    return this.#socket.writableCorked > 0
  }

  #gather(): void {
    if (!this.#isGathering) this.#socket.cork()
  }
}
