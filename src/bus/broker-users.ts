import { createHash, timingSafeEqual } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { EmbeddedBrokerConfig } from '../config/bus.ts'
import { BusError } from './bus-error.ts'

/** Whether a client may connect; takes as long for a wrong user as for a wrong password. */
export type CheckUser = (username: string | undefined, password: Uint8Array | undefined) => boolean

const digest = (secret: string | Uint8Array): Buffer => createHash('sha256').update(secret).digest()

export async function loadUsers(users: EmbeddedBrokerConfig['users']): Promise<CheckUser> {
  if (!users) return () => true
  const digests = new Map<string, Buffer>()
  for (const { username, password, passwordFile } of users) {
    digests.set(username, digest(password ?? (await firstLine(passwordFile!))))
  }
  const nobody = digest(crypto.randomUUID())
  return (username, password) => {
    const known = digests.get(username ?? '')
    const right = timingSafeEqual(known ?? nobody, digest(password ?? ''))
    return known !== undefined && right
  }
}

async function firstLine(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).split(/\r?\n/, 1)[0]!
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new BusError({ code: 'BUS_CREDENTIALS_UNREADABLE', file, reason }, `${file}: ${reason}`, { cause: error })
  }
}
