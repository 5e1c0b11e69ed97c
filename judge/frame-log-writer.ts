import { closeSync, openSync, writeSync } from 'node:fs'
import { formatLogLine, type LoggedFrame } from './frame-log.ts'

/** Writes a frame log. Lines gather in memory until `flush`, which hands all of them to the system at once. */
export class FrameLogWriter {
  readonly #file: number
  #lines = ''

  /** Begins the file anew. */
  constructor(path: string) {
    this.#file = openSync(path, 'w')
  }

  add(frame: LoggedFrame): void {
    this.#lines += formatLogLine(frame)
  }

  flush(): void {
    let rest = Buffer.from(this.#lines, 'latin1')
    this.#lines = ''
    while (rest.length > 0) rest = rest.subarray(writeSync(this.#file, rest))
  }

  close(): void {
    this.flush()
    closeSync(this.#file)
  }
}
