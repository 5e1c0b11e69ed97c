/** Where an export goes: what is there already is not written over unless that is asked for. */
import { readdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { isSystemError } from '../../runtime/system-errors.ts'
import { failure } from '../cli-error.ts'
import type { ExportFormat } from './write-export.ts'

/** `force`: files that are there are replaced. Throws CliError: they stay, or there is no such folder. */
export async function checkOutput(output: string, format: ExportFormat, force: boolean): Promise<void> {
  const folder = dirname(output)
  const names = await readdir(folder).catch((error: unknown) => {
    if (!isSystemError(error)) throw error
    if (error.code === 'ENOENT') throw failure(`there is no folder ${folder}`, `make it: mkdir -p ${folder}`)
    if (error.code === 'ENOTDIR') throw failure(`${folder} is a file, not a folder`)
    throw error
  })
  const isOwn = nameTest(basename(output), format)
  const there = names.find(isOwn)
  if (there !== undefined && !force)
    throw failure(`${join(folder, there)} is there already`, 'choose another file, or replace it with --force')
}

/** Of COMTRADE there are several: the two of NAME, or of NAME-1, NAME-2 and so on. */
function nameTest(name: string, format: ExportFormat): (name: string) => boolean {
  if (format !== 'comtrade') return (each) => each === name
  const base = name.replace(/\.cfg$/i, '')
  return (each) => each.startsWith(base) && /^(?:-\d+)?\.(?:cfg|dat)$/.test(each.slice(base.length))
}
