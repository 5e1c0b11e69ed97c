import type { Pmu } from './grid.ts'
import { formatPath, type Problem } from './problem.ts'
import type { PlacedSite } from './resolve-site.ts'
import { suggest } from './suggest.ts'
import { filterMatches, isExactTopic } from './topic-filter.ts'

/** Which declared streams each PDC-adapter gets, and whether its PDCs can tell them apart. */
export function checkStreams(placed: readonly PlacedSite[]): Problem[] {
  const producers = placed.flatMap(({ site }) => site.pmus.map((pmu) => ({ pmu, site })))
  const topics = new Set(producers.map(({ pmu }) => pmu.topic))

  return placed.flatMap(({ site, document, path }) =>
    site.pdcAdapters.flatMap((adapter, i) => {
      const at = [...path, 'pdcAdapters', i, 'streams']
      const problem = (severity: Problem['severity'], index: number, message: string, fix: string): Problem => {
        const whole = Array.isArray(rawStreams(document.value, at)) ? [...at, index] : at
        return { ...document.at(whole), severity, path: formatPath(whole), message, fix }
      }
      const problems: Problem[] = []
      const byIdcode = new Map<number, Pmu>()

      for (const [index, filter] of adapter.streams.entries()) {
        const taken = producers.filter(({ pmu }) => filterMatches(filter, pmu.topic))
        if (taken.length === 0)
          problems.push(noMatch(filter, topics, (...facts) => problem(facts[0], index, facts[1], facts[2])))
        for (const { pmu, site: from } of taken) {
          const other = byIdcode.get(pmu.session.idcode)
          if (other && other.topic !== pmu.topic) {
            problems.push(
              problem(
                'error',
                index,
                `${other.topic} and ${pmu.topic} both have IDCODE ${pmu.session.idcode}: a PDC on this port cannot tell them apart`,
                'serve one of them from another PDC-adapter',
              ),
            )
          } else byIdcode.set(pmu.session.idcode, pmu)
          if (from.broker !== site.broker && (from.broker.kind === 'embedded' || site.broker.kind === 'embedded')) {
            problems.push(
              problem(
                'warning',
                index,
                `${pmu.topic} is published on another broker than this site's`,
                'it only comes if the brokers are bridged',
              ),
            )
          }
        }
      }
      return problems
    }),
  )
}

function noMatch(
  filter: string,
  topics: ReadonlySet<string>,
  problem: (severity: Problem['severity'], message: string, fix: string) => Problem,
): Problem {
  if (!isExactTopic(filter)) {
    return problem(
      'warning',
      `\`${filter}\` takes no stream of this grid`,
      'fine if its producer is described elsewhere',
    )
  }
  const meant = suggest(filter, topics)
  return problem(
    'error',
    `there is no stream \`${filter}\``,
    meant === undefined ? 'name the id of a PMU, as in PMU/765' : `did you mean \`${meant}\`?`,
  )
}

/** As typed: one stream may stand there without being a list. */
function rawStreams(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((inner, key) => (inner as Record<PropertyKey, unknown> | undefined)?.[key], value)
}
