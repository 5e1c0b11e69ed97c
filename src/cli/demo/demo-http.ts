import { once } from 'node:events'
import { createServer } from 'node:net'

/** As a historian's API has it. */
export const USUAL_PORT = 9470

/** Whether DuckDB is installed: npm leaves it out where there is no build for the platform. */
export const hasHistorian = (): Promise<boolean> =>
  import('@duckdb/node-api').then(
    () => true,
    () => false,
  )

/** The usual one, unless another program has it; then any. */
export async function freeHttpPort(): Promise<number> {
  const server = createServer().listen(USUAL_PORT, '127.0.0.1')
  try {
    await once(server, 'listening')
  } catch {
    return 0
  }
  server.close()
  await once(server, 'close')
  return USUAL_PORT
}
