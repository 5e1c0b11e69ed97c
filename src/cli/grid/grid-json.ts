import type { GridJson, GridSiteJson } from '../../api/index.ts'
import { type Grid, type Site, siteName } from '../../config/grid.ts'
import { feeder33 } from '../../network/index.ts'

/** What an API tells of a grid to whoever may ask it. */
export function gridJson({ sites }: Pick<Grid, 'sites'>): GridJson {
  const all = sites.map(siteJson)
  const isSimulated = all.some(({ pmus }) => pmus.some(({ simulated }) => simulated !== undefined))
  const { name, buses, branches } = feeder33
  const network = {
    name,
    buses: buses.map(({ bus }) => bus),
    branches: branches.map(({ from, to, closed }) => ({ from, to, closed })),
  }
  return { area: sites[0]?.area ?? '', sites: all, ...(isSimulated && { network }) }
}

function siteJson(site: Site): GridSiteJson {
  return {
    site: siteName(site),
    area: site.area,
    pmus: site.pmus.map(({ topic, session, source }) => ({
      topic,
      idcode: session.idcode,
      ...(source.kind === 'simulated' && { simulated: { bus: source.bus } }),
    })),
    pdcs: site.pdcs.flatMap(({ outputs }) => outputs.flatMap(({ topic }) => (topic === undefined ? [] : [{ topic }]))),
    historians: site.historians.map(({ id, streams }) => ({ id, streams })),
  }
}
