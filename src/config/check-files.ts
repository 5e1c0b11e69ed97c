import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { devicesOf } from './check-inputs.ts'
import { formatPath, type Problem } from './problem.ts'
import { isFileSetting, type PlacedSite } from './resolve-site.ts'
import type { YamlDocument } from './yaml-document.ts'

interface Named {
  readonly file: string
  readonly document: YamlDocument
  readonly path: readonly PropertyKey[]
}

/** Files that the grid names but this machine does not have, or may not read. */
export async function checkFiles(placed: readonly PlacedSite[]): Promise<Problem[]> {
  const brokers = new Map(placed.map((place) => [place.site.broker, place.brokerPlace]))
  const named = [
    ...placed.flatMap(filesOfDevices),
    ...placed.flatMap(filesOfHistorians),
    ...[...brokers].flatMap(([broker, place]) => fileSettings(broker).map((file) => ({ file, ...place }))),
  ]
  return (await Promise.all(named.map(unreadable))).flat()
}

function filesOfDevices({ site, document, path }: PlacedSite): Named[] {
  return devicesOf(site).flatMap(({ source, session: { savedConfiguration }, at: sourceAt }) => {
    const at = (key: string): Pick<Named, 'document' | 'path'> => ({
      document,
      path: [...path, ...sourceAt.slice(0, -1), key],
    })
    const pipe = source.kind === 'pcap' && source.path !== '-' ? source.path : undefined
    return [
      ...(savedConfiguration === undefined ? [] : [{ file: savedConfiguration, ...at('savedConfiguration') }]),
      ...(pipe === undefined ? [] : [{ file: pipe, ...at('source') }]),
    ]
  })
}

function filesOfHistorians({ site, document, path }: PlacedSite): Named[] {
  return site.historians.flatMap(({ api }, i) =>
    api?.tokensFile === undefined
      ? []
      : [{ file: api.tokensFile, document, path: [...path, 'historians', i, 'api', 'tokensFile'] }],
  )
}

/** Values of all settings, however deep, that name a file. */
function fileSettings(settings: unknown): string[] {
  if (typeof settings !== 'object' || settings === null) return []
  return Object.entries(settings).flatMap(([name, value]) =>
    isFileSetting(name, value) ? [value] : fileSettings(value),
  )
}

async function unreadable({ file, document, path }: Named): Promise<Problem[]> {
  try {
    await access(file, constants.R_OK)
    return []
  } catch (error) {
    const denied = error instanceof Error && 'code' in error && error.code === 'EACCES'
    const problem = { ...document.at(path), severity: 'error' as const, path: formatPath(path) }
    return [
      denied
        ? { ...problem, message: `${file} may not be read by this user`, fix: 'check its owner and mode with `ls -l`' }
        : { ...problem, message: `there is no file ${file}`, fix: 'paths are relative to the file that names them' },
    ]
  }
}
