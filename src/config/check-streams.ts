import { type PdcAdapter, type Site, siteName } from './grid.ts'
import { formatPath, type Problem } from './problem.ts'
import type { PlacedSite } from './resolve-site.ts'
import { StreamIndex } from './stream-index.ts'
import { suggest } from './suggest.ts'
import { isExactTopic } from './topic-filter.ts'

type Finding = Pick<Problem, 'severity' | 'message'> & { readonly fix: string }

/** A stream of a PMU, or of a PDC's output. */
interface Produced {
  readonly topic: string
  readonly idcode: number
  readonly site: Site
}

const producedBy = (site: Site): readonly Produced[] => [
  ...site.pmus.map(({ topic, session: { idcode } }) => ({ topic, idcode, site })),
  ...site.pdcs.flatMap(({ outputs }) =>
    outputs.flatMap(({ topic, idcode }) => (topic === undefined ? [] : [{ topic, idcode, site }])),
  ),
]

/**
 * Which declared streams each PDC-adapter gets, and whether its PDCs can tell
 * them apart. `runs`: the sites of this process.
 */
export function checkStreams(placed: readonly PlacedSite[], runs: (site: Site) => boolean = () => true): Problem[] {
  const streams = new StreamIndex(placed.flatMap(({ site }) => producedBy(site)))

  return placed.flatMap((place) =>
    place.site.pdcAdapters.flatMap((adapter, i) => {
      const byIdcode = new Map<number, string>()
      return adapter.streams.flatMap((filter, index) => {
        const taken = streams.matching(filter)
        const findings = [
          ...(taken.length === 0
            ? [
                unmatched(
                  filter,
                  streams.all.map(({ topic }) => topic),
                ),
              ]
            : []),
          ...collisions(taken, byIdcode),
          ...unreachable(taken, place.site, runs),
        ]
        return findings.map((finding) => ({ ...placeOf(place, i, adapter, index), ...finding }))
      })
    }),
  )
}

function unmatched(filter: string, topics: readonly string[]): Finding {
  if (!isExactTopic(filter)) {
    const message = `\`${filter}\` takes no stream of this grid`
    return { severity: 'warning', message, fix: 'fine if its producer is described elsewhere' }
  }
  const meant = suggest(filter, topics)
  const fix = meant === undefined ? 'name the id of a PMU, as in PMU/765' : `did you mean \`${meant}\`?`
  return { severity: 'error', message: `there is no stream \`${filter}\``, fix }
}

/** PDCs know streams by IDCODE only. */
function collisions(taken: readonly Produced[], byIdcode: Map<number, string>): Finding[] {
  return taken.flatMap(({ topic, idcode }): Finding[] => {
    const other = byIdcode.get(idcode) ?? topic
    byIdcode.set(idcode, other)
    if (other === topic) return []
    const message = `${other} and ${topic} both have IDCODE ${idcode}: a PDC on this port cannot tell them apart`
    return [{ severity: 'error', message, fix: 'serve one of them from another PDC-adapter' }]
  })
}

/** An embedded broker is of one process: what another one publishes does not come there by itself. */
function unreachable(taken: readonly Produced[], site: Site, runs: (site: Site) => boolean): Finding[] {
  if (!runs(site)) return []
  return taken.flatMap(({ topic, site: from }): Finding[] => {
    const isEmbedded = from.broker.kind === 'embedded' || site.broker.kind === 'embedded'
    if (!isEmbedded || (from.broker === site.broker && runs(from))) return []
    const message = `${topic} is published on another broker than that of ${siteName(site)}`
    return [{ severity: 'warning', message, fix: 'give both sites the URL of one broker, or bridge the two' }]
  })
}

/** One stream may stand there without being a list. */
function placeOf(
  { document, path }: PlacedSite,
  adapterIndex: number,
  { streams }: PdcAdapter,
  index: number,
): Pick<Problem, 'file' | 'line' | 'column' | 'path'> {
  const at = [...path, 'pdcAdapters', adapterIndex, 'streams']
  const whole = streams.length > 1 ? [...at, index] : at
  return { ...document.at(whole), path: formatPath(whole) }
}
