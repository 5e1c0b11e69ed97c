/**
 * What one end of a line saw, as text that anybody can read and compare:
 * one frame a line, `STREAM MILLISECONDS HEX`.
 */
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'

export interface LoggedFrame {
  readonly stream: string
  readonly atMs: number
  readonly frame: Uint8Array
}

export function formatLogLine({ stream, atMs, frame }: LoggedFrame): string {
  return `${stream} ${atMs.toFixed(3)} ${Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength).toString('hex')}\n`
}

/** Undefined when the line is none of a frame log. */
export function parseLogLine(line: string): LoggedFrame | undefined {
  const found = /^(\S+) (\d+(?:\.\d+)?) ((?:[0-9a-f]{2})+)$/.exec(line)
  return found ? { stream: found[1]!, atMs: Number(found[2]), frame: Buffer.from(found[3]!, 'hex') } : undefined
}

/** Throws on a line it cannot read: a judge does not guess. */
export async function* readFrameLog(path: string): AsyncGenerator<LoggedFrame, void, void> {
  let number = 0
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })) {
    number++
    const logged = parseLogLine(line)
    if (!logged) throw new Error(`${path}:${number}: not a line of a frame log (STREAM MILLISECONDS HEX)`)
    yield logged
  }
}
