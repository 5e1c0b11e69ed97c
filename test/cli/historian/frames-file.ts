import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import {
  type Configuration,
  compileEncoder,
  type DataColumns,
  encodeConfiguration,
  frameTimeOf,
} from '../../../src/c37118/index.ts'

export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'phasorbus-export-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

export interface Sample {
  readonly timeUs: number
  /** Sets what is not zero. */
  readonly fill: (columns: DataColumns) => void
}

/** Frames as a historian sends them: each configuration in front of its data. */
export function framesOf(parts: readonly (readonly [Configuration, readonly Sample[]])[]): Buffer {
  return Buffer.concat(
    parts.flatMap(([configuration, samples]) => {
      const encoder = compileEncoder(configuration)
      return [
        ...encodeConfiguration(configuration),
        ...samples.map(({ timeUs, fill }) => {
          const columns = encoder.createColumns()
          Object.assign(columns, frameTimeOf(timeUs, configuration.timeBase))
          fill(columns)
          return encoder.encode(columns)
        }),
      ]
    }),
  )
}

/** Where they are in a file. */
export async function framesFile(folder: string, bytes: Uint8Array): Promise<string> {
  const path = join(folder, 'frames.c37')
  await writeFile(path, bytes)
  return path
}
