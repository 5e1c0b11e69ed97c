import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { checkFiles } from './check-files.ts'
import { checkInputs } from './check-inputs.ts'
import { checkNames } from './check-names.ts'
import { checkNetwork } from './check-network.ts'
import { checkPdcs, type KnownPmus } from './check-pdcs.ts'
import { checkPorts, type Listener, listenersOf } from './check-ports.ts'
import { checkRecovery } from './check-recovery.ts'
import { checkStreams } from './check-streams.ts'
import type { Grid, Network, Site } from './grid.ts'
import { type GridFile, gridFile } from './grid-file.ts'
import { findIncluded, isPattern } from './include.ts'
import type { NetworkFields } from './network.ts'
import { ConfigError, formatPath, invalid, type Problem, sortProblems } from './problem.ts'
import { type GridDefaults, type PlacedSite, resolveSite, withFiles } from './resolve-site.ts'
import { checkDocument } from './schema-problems.ts'
import { site } from './site.ts'
import { parseYaml, type YamlDocument } from './yaml-document.ts'

export interface LoadOptions {
  /** The file's text where it does not come from the disk (standard input); its name then only serves messages. */
  readonly text?: string
  /** What is about to run on this machine; without it the grid is only looked at. */
  readonly runs?: (site: Site) => boolean
  /** Where nodes keep their state unless the file says it; `phasorbus-state` beside the file by default. */
  readonly stateFolder?: string | undefined
  /** What is known of devices before they speak, for the sizes of what a PDC makes of them. */
  readonly knownPmus?: KnownPmus
}

export interface LoadedGrid {
  readonly grid: Grid
  /** Doubts that do not keep the grid from running. */
  readonly warnings: readonly Problem[]
  /** Where what is about to run will listen. */
  readonly listeners: readonly Listener[]
}

/** Reads and checks a grid file and all it includes. Throws one {@link ConfigError} that has every problem. */
export async function loadGrid(file: string, options: LoadOptions = {}): Promise<LoadedGrid> {
  const { grid, problems, listeners = [] } = await inspectGrid(file, options)
  if (!grid || problems.some(({ severity }) => severity === 'error')) throw invalid(problems)
  return { grid, warnings: problems, listeners }
}

/** The same without throwing for what the file says wrong: for `phasorbus check` and editors. */
export async function inspectGrid(
  file: string,
  options: LoadOptions = {},
): Promise<{ grid?: Grid; problems: readonly Problem[]; listeners?: readonly Listener[] }> {
  const text = options.text ?? (await read(file))
  const { documents, problems } = parseYaml(text, file)
  const [document, second] = documents
  if (second) {
    problems.push({
      ...second.at([]),
      severity: 'error',
      path: '',
      message: 'a grid file is one document; sites after --- belong into an included file',
    })
  }
  if (!document) return { problems: problems.length > 0 ? problems : [emptyFile(file)] }
  if (document.value === null) return { problems: [...problems, emptyFile(file)] }

  const checked = checkDocument(gridFile, document)
  const fields = checked.value
  const includes = includePatterns(document)
  const included = await readIncluded(includes, document)
  problems.push(...checked.problems, ...included.problems)
  const sites = included.documents.map((inner) => ({ document: inner, ...checkDocument(site, inner) }))
  problems.push(...sites.flatMap((inner) => inner.problems))
  if (!fields) return { problems: sortProblems(problems) }

  const defaults = defaultsOf(fields, document, options.stateFolder)
  const placed: PlacedSite[] = [
    ...fields.sites.map((own, i) => resolveSite(own, defaults, document, ['sites', i])),
    ...sites.flatMap(({ value, document }) => (value ? [resolveSite(value, defaults, document, [])] : [])),
  ]
  const grid: Grid = {
    sites: placed.map((place) => place.site),
    simulator: fields.simulator,
    ...(fields.metrics && { metrics: fields.metrics }),
    ...(fields.network && { network: networkOf(fields.network) }),
  }
  const { runs } = options
  const here = runs ? placed.filter(({ site }) => runs(site)) : placed
  const complete = problems.length === 0
  problems.push(...(await crossCheck(placed, fields, document, { ...options, here, complete })))
  return { grid, problems: sortProblems(problems), listeners: listenersOf(here, metricsOf(fields, document)) }
}

const networkOf = ({ nominalKv, branches }: NetworkFields): Network => ({
  branches,
  ...(nominalKv !== undefined && { nominalKv }),
})

const metricsOf = ({ metrics }: GridFile, document: YamlDocument) =>
  metrics && { listen: metrics.listen, ...document.at(['metrics', 'listen']) }

/** What no schema can say: how the parts go together. */
async function crossCheck(
  placed: readonly PlacedSite[],
  fields: GridFile,
  document: YamlDocument,
  {
    runs,
    knownPmus,
    here,
    complete,
  }: LoadOptions & { readonly here: readonly PlacedSite[]; readonly complete: boolean },
): Promise<Problem[]> {
  if (placed.length === 0 && complete) {
    return [
      {
        ...document.at([]),
        severity: 'error',
        path: 'sites',
        message: 'there is no site',
        fix: 'add one under `sites:`, or `include:` files that have one',
      },
    ]
  }
  return [
    ...checkNames(placed),
    ...checkInputs(here),
    ...checkRecovery(placed),
    ...checkNetwork(placed, fields.network),
    ...(complete ? await checkPdcs(placed, knownPmus) : []),
    ...(complete ? checkStreams(placed, runs) : []), // else a stream may be missing for another mistake's sake
    ...checkPorts(here, { together: runs !== undefined, metrics: metricsOf(fields, document) }),
    ...(await checkFiles(here)),
  ]
}

function defaultsOf(fields: GridFile, document: YamlDocument, stateFolder = 'phasorbus-state'): GridDefaults {
  const { area, broker, live, journal } = fields
  const besideFile = (name: string): string => resolve(dirname(document.file), name)
  return {
    area,
    live,
    journal,
    stateFolder: besideFile(fields.state ?? stateFolder),
    broker: withFiles(broker, besideFile),
    brokerPlace: { document, path: ['broker'] },
  }
}

/** Taken from the raw value: included files are checked even where the file itself has mistakes. */
function includePatterns({ value }: YamlDocument): { pattern: string; path: PropertyKey[] }[] {
  const include = (value as { include?: unknown } | null)?.include
  if (typeof include === 'string') return [{ pattern: include, path: ['include'] }]
  if (!Array.isArray(include)) return []
  return include.flatMap((pattern, i) => (typeof pattern === 'string' ? [{ pattern, path: ['include', i] }] : []))
}

async function readIncluded(
  includes: readonly { pattern: string; path: PropertyKey[] }[],
  from: YamlDocument,
): Promise<{ documents: YamlDocument[]; problems: Problem[] }> {
  const documents: YamlDocument[] = []
  const problems: Problem[] = []
  const seen = new Set([resolve(from.file)])
  for (const { pattern, path } of includes) {
    const place = { ...from.at(path), severity: 'error' as const, path: formatPath(path) }
    const files = await findIncluded(pattern, from.file)
    if (files.length === 0) problems.push({ ...place, message: `\`${pattern}\` matches no file` })
    for (const file of files) {
      if (seen.has(resolve(file))) {
        if (!isPattern(pattern)) problems.push({ ...place, message: `${file} is included already` })
        continue
      }
      seen.add(resolve(file))
      try {
        const parsed = parseYaml(await readFile(file, 'utf8'), file)
        problems.push(...parsed.problems)
        documents.push(...parsed.documents.filter(({ value }) => value !== null))
      } catch (error) {
        problems.push({ ...place, message: `cannot read ${file}: ${whyUnreadable(error)}` })
      }
    }
  }
  return { documents, problems }
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    throw new ConfigError({ code: 'CONFIG_UNREADABLE', file }, `cannot read ${file}: ${whyUnreadable(error)}`, {
      cause: error,
    })
  }
}

function whyUnreadable(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'ENOENT') return 'there is no such file'
  if (code === 'EACCES') return 'permission denied'
  if (code === 'EISDIR') return 'it is a directory'
  return error instanceof Error ? error.message : String(error)
}

function emptyFile(file: string): Problem {
  return {
    file,
    line: 1,
    column: 1,
    severity: 'error',
    path: '',
    message: 'the file is empty',
    fix: 'docs/configuration.md has ten lines to begin with',
  }
}
