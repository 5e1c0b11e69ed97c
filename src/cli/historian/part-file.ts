import { type FileHandle, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { isMissing } from '../../runtime/errno.ts'
import { failure } from '../cli-error.ts'

export interface PartOf {
  /** As it was asked for: what is relative is of another time in the next run, and meant the same. */
  readonly asked: string
  /** Of rows. */
  readonly channels: readonly { readonly id: string; readonly unit: string }[]
  readonly fromUs: number
  readonly toUs: number
}

interface State extends PartOf {
  /** Up to here it is written. */
  readonly nextUs: number
  readonly bytes: number
  readonly frames: number
}

/** A file that is written in parts, over several runs if it must be; FILE is there when it is whole. */
export class PartFile {
  readonly #path: string
  readonly #file: FileHandle
  #state: State
  #bytes: number

  private constructor(path: string, file: FileHandle, state: State) {
    this.#path = path
    this.#file = file
    this.#state = state
    this.#bytes = state.bytes
  }

  /** Goes on with one that was asked for with the same words. Throws CliError where it was another. */
  static async open(path: string, of: PartOf): Promise<PartFile> {
    const before = await stateOf(path)
    const isThere = before !== undefined && (await sizeOf(`${path}.part`)) >= before.bytes
    if (before && before.asked !== of.asked) {
      const what = `${path}.part is another export: ${before.asked}`
      throw failure(what, `remove ${path}.part and ${path}.part.json, or choose another file`)
    }
    // It may have become FILE, and the run ended before its state was removed.
    const state = isThere ? before : { ...of, nextUs: of.fromUs, bytes: 0, frames: 0 }
    const file = await open(`${path}.part`, isThere ? 'r+' : 'w')
    await file.truncate(state.bytes)
    return new PartFile(path, file, state)
  }

  get fromUs(): number {
    return this.#state.fromUs
  }

  get toUs(): number {
    return this.#state.toUs
  }

  get channels(): PartOf['channels'] {
    return this.#state.channels
  }

  get nextUs(): number {
    return this.#state.nextUs
  }

  get frames(): number {
    return this.#state.frames
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      const { bytesWritten } = await this.#file.write(bytes, at, bytes.length - at, this.#bytes)
      at += bytesWritten
      this.#bytes += bytesWritten
    }
  }

  /** All before this time is written, so many frames more. */
  async reached(nextUs: number, frames: number): Promise<void> {
    await this.#file.sync()
    this.#state = { ...this.#state, nextUs, bytes: this.#bytes, frames: this.#state.frames + frames }
    await writeFile(`${this.#path}.part.json.tmp`, JSON.stringify(this.#state))
    await rename(`${this.#path}.part.json.tmp`, `${this.#path}.part.json`)
  }

  close(): Promise<void> {
    return this.#file.close()
  }

  /** Where the parts are until it is whole. */
  get partPath(): string {
    return `${this.#path}.part`
  }

  /** It is whole. */
  async finish(): Promise<void> {
    await rename(this.partPath, this.#path)
    await rm(`${this.#path}.part.json`, { force: true })
  }

  /** It is whole, and something else was made of it. */
  async discard(): Promise<void> {
    await rm(`${this.#path}.part.json`, { force: true })
    await rm(this.partPath, { force: true })
  }
}

/** -1 where it is not there. */
async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size
  } catch (error) {
    if (isMissing(error)) return -1
    throw error
  }
}

async function stateOf(path: string): Promise<State | undefined> {
  try {
    return JSON.parse(await readFile(`${path}.part.json`, 'utf8')) as State
  } catch {
    // None was begun, or its first part was not finished.
    return undefined
  }
}
