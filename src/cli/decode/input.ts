import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'

/** A capture on disk, or what comes on standard input. */
export interface Input {
  readonly name: string
  /** Standard input, a named pipe: it can be read only once. */
  readonly once: boolean
  chunks(): AsyncIterable<Uint8Array>
}

const CHUNK_SIZE = 256 * 1024

/** `-` is standard input. A file that cannot be opened fails here, with the system's error. */
export async function openInput(file: string): Promise<Input> {
  if (file === '-') return { name: 'standard input', once: true, chunks: () => process.stdin }
  const found = await stat(file)
  const chunks = (): AsyncIterable<Uint8Array> => createReadStream(file, { highWaterMark: CHUNK_SIZE })
  return { name: file, once: !found.isFile(), chunks }
}
