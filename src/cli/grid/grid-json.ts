import type { GridJson, GridSiteJson } from '../../api/index.ts'
import { type Grid, type Network, type Pmu, type Site, siteName } from '../../config/grid.ts'
import { feeder33 } from '../../network/index.ts'

/** What an API tells of a grid to whoever may ask it. */
export function gridJson({ sites, network }: Pick<Grid, 'sites' | 'network'>): GridJson {
  const isSimulated = sites.some(({ pmus }) => pmus.some(({ source }) => source.kind === 'simulated'))
  const diagram = network ? networkJson(network) : isSimulated ? feederJson() : undefined
  return {
    area: sites[0]?.area ?? '',
    sites: sites.map((site) => siteJson(site, network === undefined)),
    ...(diagram && { network: diagram }),
  }
}

function networkJson({ nominalKv, branches }: Network): NonNullable<GridJson['network']> {
  return {
    ...(nominalKv !== undefined && { nominal_v: (nominalKv * 1000) / Math.sqrt(3) }),
    buses: [...new Set(branches.flat())],
    branches: branches.map(([from, to]) => ({ from, to, closed: true })),
  }
}

const feederJson = (): NonNullable<GridJson['network']> => ({
  nominal_v: (feeder33.baseKv * 1000) / Math.sqrt(3),
  buses: feeder33.buses.map(({ bus }) => `${bus}`),
  branches: feeder33.branches.map(({ from, to, closed }) => ({ from: `${from}`, to: `${to}`, closed })),
})

function siteJson(site: Site, isOnFeeder: boolean): GridSiteJson {
  return {
    site: siteName(site),
    area: site.area,
    pmus: site.pmus.map((pmu) => {
      const bus = pmu.bus ?? (isOnFeeder ? simulatedBus(pmu) : undefined)
      const simulated = pmu.source.kind === 'simulated'
      return { topic: pmu.topic, idcode: pmu.session.idcode, simulated, ...(bus !== undefined && { bus }) }
    }),
    pdcs: site.pdcs.flatMap(({ outputs }) => outputs.flatMap(({ topic }) => (topic === undefined ? [] : [{ topic }]))),
    historians: site.historians.map(({ id, streams }) => ({ id, streams })),
  }
}

const simulatedBus = ({ source }: Pmu): string | undefined =>
  source.kind === 'simulated' ? `${source.bus}` : undefined
