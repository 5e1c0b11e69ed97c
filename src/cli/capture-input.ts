import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { addAbortSignal } from 'node:stream'
import { FrameError } from '../c37118/index.ts'
import { CaptureError, type CaptureFault, configurationsIn, FrameExtractor } from '../capture/index.ts'
import { failure } from './cli-error.ts'
import { createProgress, type Progress } from './terminal/progress.ts'
import { formatBytes } from './terminal/quantity.ts'

/** A capture on disk, or what comes on standard input. */
export interface CaptureInput {
  readonly name: string
  /** Standard input, a named pipe: it can be read only once. */
  readonly once: boolean
  /** In bytes; undefined for what nobody knows the end of. */
  readonly size: number | undefined
  /** Ends, by an error, when the signal aborts. */
  chunks(signal: AbortSignal): AsyncIterable<Uint8Array>
}

const CHUNK_SIZE = 256 * 1024

/** `-` is standard input. A file that cannot be opened fails here, with the system's error. */
export async function openCapture(file: string): Promise<CaptureInput> {
  if (file === '-') {
    return {
      name: 'standard input',
      once: true,
      size: undefined,
      chunks: (signal) => addAbortSignal(signal, process.stdin),
    }
  }
  const found = await stat(file)
  if (found.isDirectory()) throw failure(`cannot read ${file}: it is a directory, not a file`)
  const chunks = (signal: AbortSignal): AsyncIterable<Uint8Array> =>
    createReadStream(file, { highWaterMark: CHUNK_SIZE, signal })
  const isFile = found.isFile()
  return { name: file, once: !isFile, size: isFile ? found.size : undefined, chunks }
}

/** Says how much of it was read. */
export function watched(input: CaptureInput, progress: Progress): CaptureInput {
  async function* chunks(signal: AbortSignal): AsyncGenerator<Uint8Array> {
    let bytes = 0
    for await (const chunk of input.chunks(signal)) {
      yield chunk
      bytes += chunk.length
      progress.at(bytes)
    }
  }
  return { ...input, chunks }
}

/** How far the reading is, on standard error. */
export function readingProgress(doing: string, { name, size }: CaptureInput): Progress {
  return createProgress(process.stderr, { label: `${doing} ${basename(name)}`, total: size, text: formatBytes })
}

export interface CaptureSink {
  push(chunk: Uint8Array): void
}

/**
 * Pushes the chunks of a capture, until it ends, `enough` says so, the signal
 * aborts, or the file is damaged: the sink's own report says where.
 */
export async function readCapture(
  input: CaptureInput,
  sink: CaptureSink,
  signal: AbortSignal,
  enough?: () => Promise<boolean>,
): Promise<void> {
  try {
    for await (const chunk of input.chunks(signal)) {
      sink.push(chunk)
      if (await enough?.()) break
    }
  } catch (error) {
    if (!(error instanceof CaptureError) && !signal.aborted) throw error
  }
}

/** The configurations in a file of saved frames, or in a capture. */
export async function readConfigurations(file: string): Promise<Uint8Array[][]> {
  const frames: Uint8Array[] = []
  const extractor = new FrameExtractor({ frame: (frame) => frames.push(frame) })
  await readCapture(await openCapture(file), extractor, new AbortController().signal)
  extractor.end()
  try {
    const found = configurationsIn(frames)
    if (found.length > 0) return found
  } catch (error) {
    if (!(error instanceof FrameError)) throw error
    throw failure(`${file}: ${error.message}`, undefined, { cause: error })
  }
  throw failure(`${file} has no CFG-2 or CFG-3 frame`, 'save one with `phasorbus connect … --save-config FILE`')
}

/** What is wrong with a capture, as the end of a sentence. */
export function faultText(fault: CaptureFault): string {
  switch (fault.code) {
    case 'CAPTURE_TRUNCATED':
      return `it ends inside a packet at byte ${fault.offset} (${fault.have} of ${fault.need} bytes are there)`
    case 'CAPTURE_COMPRESSED':
      return `it is compressed (${fault.format}): decompress it first`
    case 'CAPTURE_VERSION_UNSUPPORTED':
      return `version ${fault.major}.${fault.minor} of its format is not known`
    case 'CAPTURE_TOO_LARGE':
      return `a record at byte ${fault.offset} claims ${fault.size} bytes (at most ${fault.max}); nothing behind it can be read`
    case 'CAPTURE_BAD_BLOCK':
      return `${fault.what} ${fault.value} at byte ${fault.offset}; nothing behind it can be read`
  }
}

/** For an option that may be given again. Not variadic: that would swallow the FILE behind it. */
export const collect = (value: string, before: readonly string[] = []): string[] => [...before, value]
