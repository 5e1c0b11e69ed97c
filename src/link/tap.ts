import { type ChildProcess, spawn } from 'node:child_process'
import { constants, createReadStream, openSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { idcodeOf } from '../c37118/index.ts'
import { type Direction, FrameExtractor } from '../capture/index.ts'
import type { ChannelReceiver } from './channel.ts'
import { LinkError, reasonOf } from './link-error.ts'
import { addReader, type ReadersByIdcode } from './readers-by-idcode.ts'

/** Where a capture is read from: a file, a named pipe, `-` for standard input, or a program's standard output. */
export interface TapInput {
  readonly path?: string | undefined
  readonly command?: readonly string[] | undefined
}

/** Who listens in: told the frames of one IDCODE, and in which direction of which connection they passed. */
export interface TapReader {
  readonly receiver: ChannelReceiver
  passed(frame: Uint8Array, direction: Direction): void
}

/** A capture that is being written while we read it. */
export interface Tap {
  readonly name: string
  add(reader: TapReader): () => void
  /** Why it ended. */
  readonly failed: Promise<LinkError>
  close(): void
}

export async function openTap(input: TapInput): Promise<Tap> {
  const name = input.path ?? input.command?.join(' ') ?? ''
  const { stream, once, stop } = await openInput(input, name)
  const readers: ReadersByIdcode<TapReader> = new Map()
  const everyone = (act: (receiver: ChannelReceiver) => void): void => {
    for (const set of readers.values()) for (const { receiver } of set) act(receiver)
  }

  const extractor = new FrameExtractor({
    frame(frame, direction) {
      for (const reader of readers.get(idcodeOf(frame)) ?? []) reader.passed(frame, direction)
    },
    gap: (_direction, missingBytes) => everyone((receiver) => receiver.discarded(missingBytes ?? 0, 'not-captured')),
    discard: (_direction, count, reason) => everyone((receiver) => receiver.discarded(count, reason)),
  })

  const failed = new Promise<LinkError>((resolve) => {
    const end = (error?: unknown): void => {
      extractor.end()
      stop()
      resolve(endOf(name, once, error))
    }
    stream.on('data', (chunk: Buffer) => {
      try {
        extractor.push(chunk)
      } catch (error) {
        end(error)
      }
    })
    stream.on('end', () => end())
    stream.on('error', end)
  })

  return {
    name,
    add: (reader) => addReader(readers, reader),
    failed,
    close: stop,
  }
}

function endOf(address: string, once: boolean, error: unknown): LinkError {
  if (error !== undefined) {
    const reason = reasonOf(error)
    return new LinkError({ code: 'LINK_FAILED', address, reason }, `${address}: ${reason}`, { cause: error })
  }
  if (once) return new LinkError({ code: 'LINK_ENDED', address }, `${address} was read to its end`)
  return new LinkError({ code: 'LINK_CLOSED_BY_PEER', address }, `${address}: whoever writes it stopped`)
}

interface Input {
  readonly stream: Readable
  /** Read to its end it has nothing more to give: no pipe that is written to again. */
  readonly once: boolean
  stop(): void
}

async function openInput({ path, command }: TapInput, name: string): Promise<Input> {
  try {
    if (command) return openProgram(command)
    if (path === '-') return { stream: process.stdin, once: true, stop: () => process.stdin.pause() }
    if (path === undefined) throw new Error('neither a path nor a command')
    if ((await stat(path)).isFIFO()) return openPipe(path)
    const stream = createReadStream(path)
    return { stream, once: true, stop: () => stream.destroy() }
  } catch (error) {
    const reason = reasonOf(error)
    throw new LinkError({ code: 'LINK_CONNECT_FAILED', address: name, reason }, `${name}: ${reason}`, { cause: error })
  }
}

/** Not through the thread pool: there a pipe without a writer would hold one of its four threads. */
function openPipe(path: string): Input {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const stream = new Socket({ fd, readable: true, writable: false })
  return { stream, once: false, stop: () => stream.destroy() }
}

function openProgram([program = '', ...parameters]: readonly string[]): Input {
  const child: ChildProcess = spawn(program, parameters, { stdio: ['ignore', 'pipe', 'inherit'] })
  const stream = child.stdout as Readable
  child.on('error', (error) => stream.destroy(error))
  return {
    stream,
    once: false,
    stop() {
      child.kill()
      stream.destroy()
    },
  }
}
