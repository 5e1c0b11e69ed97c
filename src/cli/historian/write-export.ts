import { stat } from 'node:fs/promises'
import { failure } from '../cli-error.ts'
import { createProgress } from '../terminal/progress.ts'
import type { ApiClient } from './api-client.ts'
import type { DataType } from './comtrade/cfg.ts'
import { csvFrames, type ExportFile, plainFrames } from './export-file.ts'
import { PartFile, type PartOf } from './part-file.ts'

export const exportFormats = ['c37118', 'csv', 'parquet', 'comtrade'] as const
export type ExportFormat = (typeof exportFormats)[number]

export interface ExportOf extends PartOf {
  readonly topic: string
  readonly format: ExportFormat
  /** Of COMTRADE. */
  readonly dataType: DataType
  readonly output: string
}

/** Where frames come from. */
export type FrameSource = Pick<ApiClient, 'frames'>

export interface Written {
  readonly files: readonly string[]
  readonly frames: number
}

const HOUR_US = 3_600_000_000

/** Undefined where the signal aborted before it was whole. Throws CliError. */
export async function writeExport(
  client: FrameSource,
  of: ExportOf,
  signal: AbortSignal,
): Promise<Written | undefined> {
  const { asked, channels, fromUs, toUs } = of
  const part = await PartFile.open(of.output, { asked, channels, fromUs, toUs })
  try {
    await fetchParts(client, of, part, signal)
    if (part.nextUs < part.toUs) return undefined
    const files = await publish(of, part, signal)
    return { files, frames: part.frames }
  } catch (error) {
    if (!signal.aborted) throw error
    return undefined
  } finally {
    await part.close()
  }
}

/** In hours: what a historian gives at once is a little more. */
const LONGEST_PART = 24

/** Hour by hour, in larger steps where nothing is stored; what is there already is not asked for again. */
async function fetchParts(
  client: FrameSource,
  { topic, format }: ExportOf,
  part: PartFile,
  signal: AbortSignal,
): Promise<void> {
  const file: ExportFile = format === 'csv' ? csvFrames(part.channels) : plainFrames()
  const progress = createProgress(process.stderr, { label: 'exporting', total: part.toUs - part.fromUs })
  try {
    if (part.nextUs === part.fromUs) await part.write(file.begin())
    for (let hours = 1; part.nextUs < part.toUs && !signal.aborted; ) {
      const endUs = Math.min(part.toUs, (Math.floor(part.nextUs / HOUR_US) + hours) * HOUR_US)
      const of = { stream: topic, fromUs: part.nextUs, toUs: endUs }
      for await (const bytes of await client.frames(of, signal)) await part.write(file.bytes(bytes))
      const frames = file.takeFrames()
      await part.reached(endUs, frames)
      hours = frames > 0 ? 1 : Math.min(2 * hours, LONGEST_PART)
      progress.at(endUs - part.fromUs)
    }
  } finally {
    progress.end()
  }
}

/** Of parts that are whole. Returns what was written. */
async function publish(of: ExportOf, part: PartFile, signal: AbortSignal): Promise<readonly string[]> {
  const { topic: stream, format, dataType: type, output } = of
  if (format === 'c37118' || format === 'csv') {
    await part.finish()
    return [output]
  }
  const { size } = await stat(part.partPath)
  const total = format === 'comtrade' ? 2 * size : size
  const progress = createProgress(process.stderr, { label: 'converting', total })
  const frames = part.partPath
  try {
    let files: readonly string[] = [output]
    if (format === 'parquet') {
      const { writeParquet } = await import('./parquet-file.ts')
      await writeParquet({ stream, channels: part.channels, frames, output }, progress.at, signal)
    } else {
      const { writeComtrade } = await import('./comtrade/files.ts')
      files = await writeComtrade({ stream, type, frames, output }, progress.at, signal)
    }
    await part.discard()
    if (files.length === 0) throw failure(`nothing is stored of ${stream} in that time`)
    return files
  } finally {
    progress.end()
  }
}
