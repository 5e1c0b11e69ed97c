import { dirname, join, resolve } from 'node:path'
import type { Broker } from './broker.ts'
import type { LiveConfig } from './bus.ts'
import {
  type Historian,
  type Pdc,
  type PdcAdapter,
  type PdcInput,
  type PdcOutput,
  type Pmu,
  type Site,
  siteTopic,
} from './grid.ts'
import type { HistorianFields } from './historian.ts'
import type { JournalSettings } from './journal.ts'
import type { PdcFields, PdcInputFields, PdcOutputFields } from './pdc.ts'
import type { PdcAdapterFields } from './pdc-adapter.ts'
import type { PmuFields } from './pmu.ts'
import type { SiteFields } from './site.ts'
import { absoluteFilter } from './topic-filter.ts'
import type { YamlDocument } from './yaml-document.ts'

/** A site together with the place in a file that says so, for the checks that follow. */
export interface PlacedSite {
  readonly site: Site
  readonly document: YamlDocument
  /** Where the site stands in its document. */
  readonly path: readonly PropertyKey[]
  /** Where its broker is described, which may be the grid file. */
  readonly brokerPlace: BrokerPlace
}

export interface BrokerPlace {
  readonly document: YamlDocument
  readonly path: readonly PropertyKey[]
}

/** What a site takes over from the grid file where it says nothing itself. */
export interface GridDefaults {
  readonly area: string
  readonly broker: Broker
  readonly brokerPlace: BrokerPlace
  readonly live: LiveConfig
  readonly journal: JournalSettings | undefined
  /** Absolute. */
  readonly stateFolder: string
}

/** Fills in what the grid file says for all; names become absolute topics, files absolute paths. */
export function resolveSite(
  fields: SiteFields,
  defaults: GridDefaults,
  document: YamlDocument,
  path: readonly PropertyKey[],
): PlacedSite {
  const { area = defaults.area, location, node, broker } = fields
  const topic = siteTopic({ area, ...location })
  const stateFolder = join(defaults.stateFolder, topic, node)
  const journal = 'journal' in fields ? fields.journal : defaults.journal
  const file = (name: string): string => resolve(dirname(document.file), name)

  const site: Site = {
    area,
    ...location,
    nodeId: node,
    broker: broker === undefined ? defaults.broker : withFiles(broker, file),
    stateFolder,
    journal: journal && { ...journal, folder: join(stateFolder, 'journal') },
    pmus: fields.pmus.map((pmu) => resolvePmu(pmu, topic, defaults.live, file)),
    pdcs: fields.pdcs.map((pdc, i) => resolvePdc(pdc, i, topic, defaults.live, file)),
    pdcAdapters: fields.pdcAdapters.map((adapter, i) => resolvePdcAdapter(adapter, i, topic)),
    historians: fields.historians.map((historian, i) =>
      resolveHistorian(historian, i, area, { siteTopic: topic, stateFolder, file }),
    ),
  }
  const brokerPlace = broker === undefined ? defaults.brokerPlace : { document, path: [...path, 'broker'] }
  return { site, document, path, brokerPlace }
}

function resolvePmu(fields: PmuFields, siteTopic: string, live: LiveConfig, file: (name: string) => string): Pmu {
  const { id, type, source, bus, live: own, savedConfiguration, ...session } = fields
  return {
    ...(bus !== undefined && { bus }),
    topic: `${siteTopic}/${type}/${id}`,
    dataType: type,
    producerId: id,
    source: fromPipe(source, file),
    session: { ...session, ...(savedConfiguration !== undefined && { savedConfiguration: file(savedConfiguration) }) },
    live: liveOf(own, live),
  }
}

const liveOf = (own: PmuFields['live'], live: LiveConfig): LiveConfig => ({
  windowMs: own?.windowMs ?? live.windowMs,
  qos: own?.qos ?? live.qos,
})

function resolvePdc(
  { id, inputs, recovery, outputs }: PdcFields,
  index: number,
  siteTopic: string,
  live: LiveConfig,
  file: (name: string) => string,
): Pdc {
  return {
    id: id ?? `pdc-${index + 1}`,
    recovery,
    inputs: inputs.map((input) => resolveInput(input, siteTopic, file)),
    outputs: outputs.map((output) => resolveOutput(output, siteTopic, live)),
  }
}

function resolveInput(
  { only, drop, rename, ...input }: PdcInputFields,
  siteTopic: string,
  file: (name: string) => string,
): PdcInput {
  const rules = {
    ...(only && { only }),
    ...(drop && { drop }),
    ...(rename && {
      rename: rename.map(({ block, stn, idcode }) => ({
        block,
        ...(stn !== undefined && { stn }),
        ...(idcode !== undefined && { idcode }),
      })),
    }),
  }
  if ('streams' in input) return { streams: absoluteFilter(input.streams, siteTopic), rules }
  const { id, source, savedConfiguration, ...session } = input
  const saved = savedConfiguration === undefined ? {} : { savedConfiguration: file(savedConfiguration) }
  return { id, source: fromPipe(source, file), session: { ...session, ...saved }, rules }
}

function resolveOutput(fields: PdcOutputFields, siteTopic: string, live: LiveConfig): PdcOutput {
  const { publish, live: own, listen, allow, slow, limits, configurationIntervalMs, ...output } = fields
  return {
    ...output,
    topic: publish ? `${siteTopic}/PDC/${output.id}` : undefined,
    live: liveOf(own, live),
    server: listen && { listen, allow, slow, limits, configurationIntervalMs },
  }
}

function fromPipe(source: Pmu['source'], file: (name: string) => string): Pmu['source'] {
  if (source.kind !== 'pcap' || source.path === undefined || source.path === '-') return source
  return { ...source, path: file(source.path) }
}

function resolvePdcAdapter(fields: PdcAdapterFields, index: number, siteTopic: string): PdcAdapter {
  const { id = `pdc-adapter-${index + 1}`, streams, recovery, late, ...server } = fields
  return { id, streams: streams.map((filter) => absoluteFilter(filter, siteTopic)), server, recovery, late }
}

function resolveHistorian(
  fields: HistorianFields,
  index: number,
  area: string,
  place: { readonly siteTopic: string; readonly stateFolder: string; readonly file: (name: string) => string },
): Historian {
  const { id = `historian-${index + 1}`, streams = [`${area}/+/+/PMU/#`, `${area}/+/+/PDC/#`], ...settings } = fields
  const { api, keepDays, ...others } = settings
  const kept = Object.fromEntries(Object.entries(keepDays).filter(([, days]) => days !== undefined))
  const tokens = api?.tokensFile === undefined ? {} : { tokensFile: place.file(api.tokensFile) }
  return {
    ...others,
    id,
    keepDays: kept,
    streams: streams.map((filter) => absoluteFilter(filter, place.siteTopic)),
    folder: join(place.stateFolder, id),
    api: api && {
      listen: api.listen,
      trustedProxies: api.trustedProxies,
      ...tokens,
      ...(api.live && { live: liveAccess(api.live, place.file) }),
    },
  }
}

function liveAccess(
  { url, username, passwordFile }: NonNullable<NonNullable<HistorianFields['api']>['live']>,
  file: (name: string) => string,
): NonNullable<NonNullable<Historian['api']>['live']> {
  return {
    url,
    ...(username !== undefined && { username }),
    ...(passwordFile !== undefined && { passwordFile: file(passwordFile) }),
  }
}

/** Paths of a broker's files, from the folder of the file that names them. */
export function withFiles(broker: Broker, file: (name: string) => string): Broker {
  if (broker.kind === 'servers')
    return { ...broker, servers: broker.servers.map((server) => resolveFiles(server, file)) }
  const { tls, users } = broker.settings
  const settings = {
    ...broker.settings,
    ...(tls && { tls: resolveFiles(tls, file) }),
    ...(users && { users: users.map((user) => resolveFiles(user, file)) }),
  }
  return { ...broker, settings }
}

function resolveFiles<T extends object>(settings: T, file: (name: string) => string): T {
  const resolved = Object.entries(settings).map(([name, value]) => [
    name,
    isFileSetting(name, value) ? file(value) : value,
  ])
  return Object.fromEntries(resolved) as T
}

const fileSettings = new Set(['ca', 'cert', 'key', 'clientCa', 'passwordFile'])

/** Settings of brokers whose value is the path of a file. */
export const isFileSetting = (name: string, value: unknown): value is string =>
  fileSettings.has(name) && typeof value === 'string'
