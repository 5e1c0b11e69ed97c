import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Historian } from '../../config/grid.ts'
import { loadGrid } from '../../config/load-grid.ts'
import { RecoverySettings } from '../../config/recovery.ts'
import { HistorianError, StoreImport } from '../../historian/index.ts'
import { createLog } from '../../runtime/log.ts'
import { failure, usageError } from '../cli-error.ts'
import { knownPmus } from '../grid/known-pmus.ts'
import { readGridArgument } from '../grid-argument.ts'

export interface TargetOptions {
  readonly store?: string
  readonly grid?: string
  readonly historian?: string
}

/** Into which store, and how it is kept. */
export type Target = Pick<Historian, 'folder' | 'recovery' | 'memoryMiB' | 'threads' | 'keepDays'>

const MEMORY_MIB = 512

/** Throws CliError. */
export async function targetOf({ store, grid, historian }: TargetOptions): Promise<Target> {
  if ((store === undefined) === (grid === undefined))
    throw usageError('into which store?', 'give --grid GRID.yaml, or the folder of a store with --store')
  if (store !== undefined)
    return { folder: store, recovery: RecoverySettings.parse({}), memoryMiB: MEMORY_MIB, threads: 1, keepDays: {} }
  const { name, text } = await readGridArgument(grid!)
  const stateFolder = process.env.STATE_DIRECTORY
  const loaded = await loadGrid(name, { stateFolder, knownPmus: knownPmus(), ...(text !== undefined && { text }) })
  const all = loaded.grid.sites.flatMap(({ historians }) => historians)
  const found = historian === undefined ? all : all.filter(({ id }) => id === historian)
  if (found.length === 1) return found[0]!
  const names = all.map(({ id }) => id).join(', ')
  if (all.length === 0) throw failure(`${name} has no historian`)
  throw usageError(
    found.length === 0 ? `${name} has no historian ${historian}` : `${name} has ${found.length} such historians`,
    `say which with --historian; there are ${names}`,
  )
}

/** Throws CliError where a historian runs on it. */
export async function openTarget({ folder, recovery, memoryMiB, threads }: Target): Promise<StoreImport> {
  if (!existsSync(join(folder, 'hot.duckdb'))) process.stderr.write(`phasorbus: ${folder} is a new store\n`)
  try {
    return await StoreImport.open(folder, { recovery, memoryMiB, threads, log: createLog('warn') })
  } catch (error) {
    if (!(error instanceof HistorianError) || error.facts.code !== 'HISTORIAN_UNUSABLE') throw error
    if (!/lock/i.test(error.facts.cause)) throw error
    throw failure(
      `another process has the store in ${folder}`,
      'stop its historian first: what it misses meanwhile heals when it is started again',
      { cause: error },
    )
  }
}
