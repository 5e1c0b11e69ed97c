import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { needsPath } from './needs.ts'

/** Captures of real traffic. They lie beside the package, not in it: some carry no licence of their own. */
export const captureFolder = process.env.PHASORBUS_CAPTURES ?? join(import.meta.dirname, '../../../shared/captures')

export const needsCaptures = needsPath(captureFolder, 'set PHASORBUS_CAPTURES to a folder with the captures')

export const capturePath = (name: string): string => join(captureFolder, name)

export const readCapture = (name: string): Uint8Array => readFileSync(capturePath(name))
