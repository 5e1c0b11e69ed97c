import type { Connection } from './database.ts'
import type { Store } from './store.ts'

/** A connection for as long as `use` takes; what runs on it is interrupted, and fails, when the signal aborts. */
export async function withConnection<T>(
  store: Store,
  signal: AbortSignal | undefined,
  use: (connection: Connection) => Promise<T>,
): Promise<T> {
  const connection = await store.connect()
  const end = (): void => connection.close()
  signal?.addEventListener('abort', end, { once: true })
  try {
    signal?.throwIfAborted()
    return await use(connection)
  } finally {
    signal?.removeEventListener('abort', end)
    await connection.end()
  }
}
