import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { Api, LiveAccess, Tokens } from '../../api/index.ts'
import { readPassword } from '../../bus/index.ts'
import { isLoopback } from '../../config/address.ts'
import type { Historian as HistorianFields, Site } from '../../config/grid.ts'
import type { Historian } from '../../historian/index.ts'
import type { PartDeps } from './site-deps.ts'

type ApiFields = HistorianFields & { readonly api: NonNullable<HistorianFields['api']> }

/** The dashboard as it is built, beside the compiled sources. */
const FOLDER = fileURLToPath(new URL('../../../public', import.meta.url))

/** A historian's API, and the dashboard on it. */
export async function startHistorianApi(
  site: Site,
  config: ApiFields,
  { buses: _, keep, historian, told, ...deps }: PartDeps & { readonly historian: Historian },
): Promise<Api> {
  const { startApi, Tokens } = await import('../../api/index.ts')
  const { listen, tokensFile, trustedProxies: proxies } = config.api
  const tokens = tokensFile === undefined ? undefined : new Tokens(await readFile(tokensFile, 'utf8'))
  const live = await liveAccess(site, config, tokens, deps)
  const areas = [...new Set(config.streams.map((filter) => filter.split('/')[0]!))]
  const dashboard = existsSync(FOLDER) ? { folder: FOLDER, areas, ...(live && { live }) } : undefined
  if (!dashboard) deps.log.warn({ folder: FOLDER }, 'the dashboard is not built: npm run build')
  return keep(
    await startApi(
      { listen, proxies, ...(tokens && { tokens }), ...(dashboard && { dashboard }) },
      { ...deps, historian, grid: told },
    ),
  )
}

async function liveAccess(
  { broker }: Site,
  { api: { listen, live } }: ApiFields,
  tokens: Tokens | undefined,
  { embedded }: Pick<PartDeps, 'embedded'>,
): Promise<LiveAccess | undefined> {
  if (live) {
    const { passwordFile, ...access } = live
    return { ...access, ...(passwordFile !== undefined && { password: await readPassword(passwordFile) }) }
  }
  if (broker.kind !== 'embedded') return undefined
  const mayRead = (token: Uint8Array | undefined): boolean => !tokens || (token !== undefined && tokens.hasToken(token))
  return (await embedded.of(broker)).readers({ mayRead, isLoopback: isLoopback(listen.host) })
}
