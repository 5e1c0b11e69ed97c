/** Files with secrets and certificates that a configuration names. */
import { readFile } from 'node:fs/promises'
import { BusError } from './bus-error.ts'

/** Throws BusError, BUS_CREDENTIALS_UNREADABLE. */
export async function readCredential(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new BusError({ code: 'BUS_CREDENTIALS_UNREADABLE', file, reason }, `${file}: ${reason}`, { cause: error })
  }
}

/** The first line of a password file. Throws as {@link readCredential} does. */
export const readPassword = async (file: string): Promise<string> => (await readCredential(file)).split(/\r?\n/, 1)[0]!
