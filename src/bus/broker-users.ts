import { createHash, timingSafeEqual } from 'node:crypto'
import type { EmbeddedBrokerConfig } from '../config/bus.ts'
import { readPassword } from './credential-files.ts'

/** What a client may, false if it may not connect; takes as long for a wrong user as for a wrong password. */
export type CheckUser = (username: string | undefined, password: Uint8Array | undefined) => Access | false
export type Access = 'read' | 'all'

const digest = (secret: string | Uint8Array): Buffer => createHash('sha256').update(secret).digest()

export async function loadUsers(users: EmbeddedBrokerConfig['users']): Promise<CheckUser> {
  if (!users) return () => 'all'
  const known = new Map<string, { readonly secret: Buffer; readonly access: Access }>()
  for (const { username, password, passwordFile, access } of users) {
    known.set(username, { secret: digest(password ?? (await readPassword(passwordFile!))), access })
  }
  const nobody = digest(crypto.randomUUID())
  return (username, password) => {
    const user = known.get(username ?? '')
    const isRight = timingSafeEqual(user?.secret ?? nobody, digest(password ?? ''))
    return user !== undefined && isRight && user.access
  }
}
