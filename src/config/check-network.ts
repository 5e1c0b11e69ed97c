import type { NetworkFields } from './network.ts'
import { formatPath, type Problem } from './problem.ts'
import type { PlacedSite } from './resolve-site.ts'

/** PMUs at buses that the one-line diagram does not have. */
export function checkNetwork(placed: readonly PlacedSite[], network: NetworkFields | undefined): Problem[] {
  const buses = new Set(network?.branches.flat())
  return placed.flatMap(({ site, document, path }) =>
    site.pmus.flatMap(({ bus }, i) => {
      if (bus === undefined || buses.has(bus)) return []
      const whole = [...path, 'pmus', i, 'bus']
      return [
        {
          ...document.at(whole),
          severity: 'error' as const,
          path: formatPath(whole),
          message: network
            ? `no branch of \`network\` has the bus ${bus}`
            : `there is no \`network\` that has the bus ${bus}`,
          fix: network ? 'add a branch to it' : 'add `network: { branches: [[1, 2], …] }` to the grid file',
        },
      ]
    }),
  )
}
