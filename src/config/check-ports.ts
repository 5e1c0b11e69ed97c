import { type Address, formatAddress, isWildcard } from './address.ts'
import { devicesOf } from './check-inputs.ts'
import { type Site, siteName } from './grid.ts'
import { formatPath, type Position, type Problem } from './problem.ts'
import type { BrokerPlace, PlacedSite } from './resolve-site.ts'

export interface PortOptions {
  /** The sites run in one process, so that what collides between them cannot be. */
  readonly together: boolean
  readonly metrics?: ({ readonly listen: Address } & Position) | undefined
}

/** An address at which something will listen, and where the file says so. */
export interface Listener {
  readonly protocol: 'TCP' | 'UDP'
  readonly address: Address
  readonly position: Position & { readonly path: string }
}

interface Use extends Listener {
  /** Devices may send to one port: see check-inputs.ts. */
  readonly isSource?: true
  /** Undefined: every process has it. */
  readonly site: Site | undefined
}

/**
 * Ports that two parts of one machine would both want. Sites usually run on
 * machines of their own, so between sites it is a doubt, unless they are
 * about to run together.
 */
export function checkPorts(placed: readonly PlacedSite[], { together, metrics }: PortOptions): Problem[] {
  const uses = allUses(placed, metrics)
  const seen = new Map<string, Use[]>()
  const problems: Problem[] = []
  for (const use of uses) {
    if (use.address.port === 0) continue
    const key = `${use.protocol}:${use.address.port}`
    const samePort = seen.get(key) ?? []
    const earlier = samePort.find((other) => collide(other, use))
    if (earlier) problems.push(collision(earlier, use, together))
    seen.set(key, [...samePort, use])
  }
  return problems
}

/** Where the address of the metrics stands. */
export const METRICS_PATH = 'metrics.listen'

/** What cannot run without its address; ports that the system chooses are left out. */
export const listenersOf = (placed: readonly PlacedSite[], metrics: PortOptions['metrics']): readonly Listener[] =>
  allUses(placed, metrics).filter(({ address, isSource }) => address.port !== 0 && !isSource)

const allUses = (placed: readonly PlacedSite[], metrics: PortOptions['metrics']): Use[] => [
  ...(metrics ? [metricsUse(metrics)] : []),
  ...brokerUses(placed),
  ...placed.flatMap(usesOf),
]

function collision(earlier: Use, use: Use, together: boolean): Problem {
  const { file, line } = earlier.position
  const message = `${use.protocol} ${formatAddress(use.address)} is used at ${file}:${line} already`
  if (together || !earlier.site || !use.site || earlier.site === use.site) {
    return { ...use.position, severity: 'error', message, fix: 'choose another port' }
  }
  return {
    ...use.position,
    severity: 'warning',
    message: `${message}, by site ${siteName(earlier.site)}`,
    fix: 'these sites cannot run on one machine; choose another port if they should',
  }
}

function collide(one: Use, other: Use): boolean {
  const [a, b] = [one.address.host, other.address.host]
  if (a === b) return !(one.isSource && other.isSource)
  return isWildcard(a) || isWildcard(b)
}

function metricsUse({ listen, ...position }: { readonly listen: Address } & Position): Use {
  return { protocol: 'TCP', address: listen, site: undefined, position: { ...position, path: METRICS_PATH } }
}

/** Each embedded broker once, however many sites share it. */
function brokerUses(placed: readonly PlacedSite[]): Use[] {
  const uses: Use[] = []
  const seen = new Set<Site['broker']>()
  for (const { site, document, brokerPlace } of placed) {
    if (site.broker.kind !== 'embedded' || seen.has(site.broker)) continue
    seen.add(site.broker)
    const common = { protocol: 'TCP', site: brokerPlace.document === document ? site : undefined } as const
    const position = placeOf(brokerPlace)
    for (const address of site.broker.settings.listen) uses.push({ ...common, address, position })
  }
  return uses
}

function placeOf({ document, path }: BrokerPlace): Use['position'] {
  return { ...document.at(path), path: formatPath(path) }
}

function usesOf({ site, document, path }: PlacedSite): Use[] {
  const use = (protocol: Use['protocol'], address: Address, at: readonly PropertyKey[]): Use => ({
    protocol,
    address,
    site,
    position: placeOf({ document, path: [...path, ...at] }),
  })
  const listening = [
    ...site.pdcAdapters.map(({ server }, i) => ({ server, at: ['pdcAdapters', i] })),
    ...site.pdcs.flatMap(({ outputs }, i) =>
      outputs.map(({ server }, j) => ({ server, at: ['pdcs', i, 'outputs', j] })),
    ),
  ]
  const servers = listening.flatMap(({ server, at }) =>
    (server?.listen ?? []).flatMap((endpoint, j) => {
      if (endpoint.kind === 'udp-spontaneous') return []
      return [use(endpoint.kind === 'udp' ? 'UDP' : 'TCP', endpoint, [...at, 'listen', j])]
    }),
  )
  const apis = site.historians.flatMap(({ api }, i) =>
    api ? [use('TCP', api.listen, ['historians', i, 'api', 'listen'])] : [],
  )
  const sources = devicesOf(site).flatMap(({ source, at }) => {
    const local = 'data' in source ? source.data : 'local' in source ? source.local : undefined
    return local === undefined ? [] : [{ ...use('UDP', local, at), isSource: true as const }]
  })
  return [...servers, ...apis, ...sources]
}
