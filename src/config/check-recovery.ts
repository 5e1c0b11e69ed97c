import { formatPath, type Problem } from './problem.ts'
import type { PlacedSite } from './resolve-site.ts'

/** Ways of recovery that cannot work where they stand. */
export function checkRecovery(placed: readonly PlacedSite[]): Problem[] {
  return placed.flatMap(({ site, document, path }) =>
    (['pdcs', 'pdcAdapters', 'historians'] as const).flatMap((kind) =>
      site[kind].flatMap(({ recovery }, i): Problem[] => {
        if (recovery.mode !== 'session' || site.broker.kind !== 'embedded') return []
        const at = [...path, kind, i, 'recovery']
        return [
          {
            ...document.at(at),
            severity: 'error',
            path: formatPath(at),
            message: 'the embedded broker keeps no sessions',
            fix: 'use `recovery: replay`, or a broker that keeps them',
          },
        ]
      }),
    ),
  )
}
