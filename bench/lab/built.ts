import { join } from 'node:path'

/** The folder this build is in; processes of the lab are started from it. */
export const builtHere = join(import.meta.dirname, '../..')

/** The programs of the lab, and the command line of phasorbus, below the folder of a build. */
export const programOf = (
  built: string,
  program: 'pmu-fleet' | 'pdc-fleet' | 'plain-publisher' | 'plain-subscriber',
): string => join(built, 'bench/lab/ends', `${program}.js`)
export const phasorbusOf = (built: string): string => join(built, 'src/cli/main.js')
export const heapProbeOf = (built: string): string => join(built, 'bench/lab/ends/heap-probe.js')
