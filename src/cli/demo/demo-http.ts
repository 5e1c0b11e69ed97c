import { tryTcp } from '../grid/check-listeners.ts'

/** As a historian's API has it. */
export const USUAL_PORT = 9470

/** Whether DuckDB is installed: npm leaves it out where there is no build for the platform. */
export async function hasHistorian(): Promise<boolean> {
  const { requireDuckDb } = await import('../../historian/index.ts')
  return requireDuckDb().then(
    () => true,
    () => false,
  )
}

/** The usual one, unless another program has it; then any. */
export const freeHttpPort = (): Promise<number> =>
  tryTcp({ host: '127.0.0.1', port: USUAL_PORT }).then(
    () => USUAL_PORT,
    () => 0,
  )
