import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { type LoggedFrame, parseLogLine } from './frame-log.ts'

/** Follows a frame log that somebody else is writing. */
export class FrameLogTail {
  readonly #path: string
  readonly #file: number
  #at = 0
  #rest = ''

  constructor(path: string) {
    this.#path = path
    this.#file = openSync(path, 'r')
  }

  /** How far the file goes now, in bytes. */
  get size(): number {
    return fstatSync(this.#file).size
  }

  /** The frames of every whole line since the last call, up to that size. Throws on a line it cannot read. */
  *read(upTo = this.size): Generator<LoggedFrame, void, void> {
    const chunk = Buffer.alloc(1 << 20)
    while (this.#at < upTo) {
      const length = readSync(this.#file, chunk, 0, Math.min(chunk.length, upTo - this.#at), this.#at)
      if (length === 0) return
      this.#at += length
      const lines = (this.#rest + chunk.toString('latin1', 0, length)).split('\n')
      this.#rest = lines.pop() ?? ''
      for (const line of lines) {
        const logged = parseLogLine(line)
        if (!logged) throw new Error(`${this.#path}: not a line of a frame log before byte ${this.#at}: ${line}`)
        yield logged
      }
    }
  }

  close(): void {
    closeSync(this.#file)
  }
}
