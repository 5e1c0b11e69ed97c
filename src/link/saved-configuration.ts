import { readFile } from 'node:fs/promises'
import { decodeConfiguration, FrameSplitter, idcodeOf } from '../c37118/index.ts'
import { LinkError, reasonOf } from './link-error.ts'

/**
 * Reads the raw frames of a configuration kept in a file: a CFG-2, or all
 * fragments of a CFG-3. `connect --save-config` writes such a file.
 */
export async function readSavedConfiguration(path: string, idcode: number): Promise<readonly Uint8Array[]> {
  const bad = (reason: string, cause?: unknown): LinkError =>
    new LinkError({ code: 'LINK_SAVED_CONFIGURATION_BAD', path, reason }, `${path}: ${reason}`, { cause })

  const fragments: Uint8Array[] = []
  try {
    const splitter = new FrameSplitter()
    const keep = (frame: Uint8Array): void => void fragments.push(frame)
    splitter.push(await readFile(path), keep)
    splitter.flush(keep)
    decodeConfiguration(fragments)
  } catch (error) {
    throw bad(reasonOf(error), error)
  }
  const other = fragments.map(idcodeOf).find((found) => found !== idcode)
  if (other !== undefined) throw bad(`it is of IDCODE ${other}, not ${idcode}`)
  return fragments
}
