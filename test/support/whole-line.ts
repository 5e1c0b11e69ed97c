/**
 * The whole line with journals and recovery, whose parts a test stops and
 * starts one by one: a raw PMU for all streams, one or more PMU-adapters, a
 * broker, a PDC-adapter, one raw PDC for each stream, and the judge at both ends.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../bench/support/free-port.ts'
import { Judge, startRawPdc, startRawPmu } from '../../judge/index.ts'
import {
  BrokerConfig,
  type Bus,
  EmbeddedBrokerConfig,
  LiveConfig,
  startBus,
  startEmbeddedBroker,
} from '../../src/bus/index.ts'
import { JournalSettings } from '../../src/config/journal.ts'
import { LateSettings, RecoverySettings } from '../../src/config/recovery.ts'
import { ServerConfig } from '../../src/config/server.ts'
import { SourceConfig } from '../../src/config/source.ts'
import { type JournalFiles, openJournal, startReplayServer } from '../../src/journal/index.ts'
import { startPdcAdapter } from '../../src/pdc-adapter/index.ts'
import { startPmuAdapter } from '../../src/pmu-adapter/index.ts'
import { HeldFile } from '../../src/recovery/index.ts'
import { silentLog } from '../../src/runtime/log.ts'
import { createMetrics, type MetricsRegistry } from '../../src/runtime/metrics.ts'
import type { ServiceDeps } from '../../src/runtime/service.ts'
import { type Account, accountedFor, nodeTopic } from '../../src/streams/index.ts'
import { metricSum } from './metric-sum.ts'
import { until } from './until.ts'
import { Watched } from './watched.ts'

const area = 'test-area'
const nodeOf = (nodeId: string) => ({ area, locationType: 'secondary-station', locationId: '1', nodeId })
const topicOf = (idcode: number): string => `${area}/secondary-station/1/PMU/${idcode}`
const idcodeOf = (frame: Uint8Array): number => (frame[4]! << 8) | frame[5]!

export interface WholeLineOptions {
  /** A broker by its URL, or the embedded one without a socket. */
  readonly broker: { readonly url: string } | 'embedded'
  /** By which the PDC-adapter reaches it, where that is another way. */
  readonly consumerUrl?: string
  /** The CFG-2 frame of each PMU; its IDCODE is that of the stream. */
  readonly configurations: readonly Uint8Array[]
  /** PMU-adapters, by node-id; all of them read all PMUs. Default: one. */
  readonly adapters?: readonly string[]
  readonly late?: Partial<LateSettings>
  readonly recovery?: Partial<RecoverySettings>
  /** Where the journals are written; by default the system's files. */
  readonly files?: JournalFiles
}

interface Part {
  stop(): Promise<void>
}

interface ServingPart extends Part {
  accounts(): ReadonlyMap<string, Account>
}

/** A frame that a PDC read, and when: UTC in ms. */
export interface ReadFrame {
  readonly idcode: number
  readonly frame: Uint8Array
  readonly atMs: number
}

export interface WholeLine extends AsyncDisposable {
  readonly judge: Judge
  readonly metrics: MetricsRegistry
  readonly reads: readonly ReadFrame[]
  /** Writes a frame as the PMU, for the judge to know. */
  send(frame: Uint8Array): void
  /** Resolves when the condition holds; looked at with every frame that a PDC reads. */
  until(fits: () => boolean): Promise<void>
  /** Resolves when so many PMU-adapters get the frames of every PMU. */
  listening(adapters: number): Promise<void>
  stopAdapter(nodeId: string): Promise<void>
  startAdapter(nodeId: string): Promise<void>
  /** The PMU closes its connections, and nobody listens at its port; what is sent meanwhile goes nowhere. */
  stopPmu(): Promise<void>
  /** It is there again, at the same port. */
  startPmu(): Promise<void>
  stopPdcAdapter(): Promise<void>
  startPdcAdapter(): Promise<void>
  /** What the PDC-adapter made of every timestamp; checked to add up. */
  account(idcode: number): Account
}

/** Resolves when every PDC has its configuration and data on. */
export async function startWholeLine(options: WholeLineOptions): Promise<WholeLine> {
  const { configurations, adapters: nodeIds = ['one'] } = options
  const idcodes = configurations.map(idcodeOf)
  const folder = await mkdtemp(join(tmpdir(), 'phasorbus-line-'))
  const stop = new AbortController()
  const metrics = createMetrics()
  const judge = new Judge()
  const watched = new Watched()
  const reads: ReadFrame[] = []
  let pmu = await startRawPmu({ configuration: configurations })
  const pdcPort = await freePort()
  const embedded =
    options.broker === 'embedded'
      ? await startEmbeddedBroker(EmbeddedBrokerConfig.parse({ listen: [] }), {
          signal: stop.signal,
          log: silentLog,
          metrics,
        })
      : undefined

  const partDeps = (): { readonly deps: ServiceDeps; abort(): void } => {
    const own = new AbortController()
    return { deps: { signal: own.signal, log: silentLog, metrics }, abort: () => own.abort() }
  }
  /** A connection, and the promise of its end. */
  const connect = (
    nodeId: string,
    deps: ServiceDeps,
    role?: string,
  ): { readonly bus: Bus; readonly done: Promise<void> } => {
    if (embedded)
      return { bus: embedded.bus(nodeOf(role ? `${nodeId}-${role}` : nodeId), deps.signal), done: Promise.resolve() }
    const near = (options.broker as { readonly url: string }).url
    const url = nodeId === 'pdc-adapter' ? (options.consumerUrl ?? near) : near
    const bus = startBus(BrokerConfig.parse({ url }), { ...deps, node: nodeOf(nodeId), ...(role && { role }) })
    return { bus, done: bus.done }
  }

  const startPmuAdapterPart = async (nodeId: string): Promise<Part> => {
    const { deps, abort } = partDeps()
    const journalPart = partDeps()
    const [live, replay] = [connect(nodeId, deps), connect(nodeId, deps, 'replay')]
    const journal = await openJournal(
      { folder: join(folder, nodeId), ...JournalSettings.parse({}) },
      { ...journalPart.deps, ...(options.files && { files: options.files }) },
    )
    const server = startReplayServer(
      { node: nodeOf(nodeId), bytesPerS: 16 * 1024 * 1024 },
      { ...deps, buses: [replay.bus], journal },
    )
    const adapter = startPmuAdapter(
      {
        pmus: idcodes.map((idcode) => ({
          topic: topicOf(idcode),
          source: SourceConfig.parse({ transport: `tcp://127.0.0.1:${pmu.port}`, idcode, ask: [], settleMs: 1 }),
          live: LiveConfig.parse({}),
        })),
      },
      { ...deps, buses: [live.bus], node: nodeTopic(nodeOf(nodeId)), journal },
    )
    return {
      async stop() {
        abort()
        await adapter.done
        journalPart.abort()
        await Promise.all([journal.done, server.done, live.done, replay.done])
      },
    }
  }

  const startPdcAdapterPart = async (): Promise<ServingPart> => {
    const { deps, abort } = partDeps()
    const [live, pull] = [connect('pdc-adapter', deps), connect('pdc-adapter', deps, 'pull')]
    const recovery = RecoverySettings.parse(options.recovery ?? {})
    const held = HeldFile.open(join(folder, 'held'), { consumer: 'test', ...recovery }, { log: silentLog, metrics })
    const adapter = startPdcAdapter(
      {
        id: 'test',
        streams: [`${area}/secondary-station/1/PMU/#`],
        server: ServerConfig.parse({
          listen: [`tcp://127.0.0.1:${pdcPort}`],
          limits: { clients: 1000, clientsPerAddress: 1000 },
        }),
        recovery,
        late: LateSettings.parse(options.late ?? {}),
      },
      { ...deps, bus: live.bus, replayBus: pull.bus, held },
    )
    await adapter.ready
    return {
      accounts: () => adapter.accounts(),
      async stop() {
        abort()
        await Promise.all([adapter.done, live.done, pull.done])
        held.close()
      },
    }
  }

  const pmuAdapters = new Map<string, Part>()
  for (const nodeId of nodeIds) pmuAdapters.set(nodeId, await startPmuAdapterPart(nodeId))
  let pdcAdapter: ServingPart | undefined = await startPdcAdapterPart()
  const line: WholeLine = {
    judge,
    metrics,
    reads,
    send(frame) {
      judge.wrote(String(idcodeOf(frame)), frame, performance.now())
      pmu.send(frame)
    },
    until: (fits) => watched.until(fits),
    listening: (count) => until(() => pmu.listeners === count * idcodes.length),
    async stopAdapter(nodeId) {
      await pmuAdapters.get(nodeId)?.stop()
      pmuAdapters.delete(nodeId)
    },
    async startAdapter(nodeId) {
      pmuAdapters.set(nodeId, await startPmuAdapterPart(nodeId))
    },
    stopPmu: () => pmu.close(),
    async startPmu() {
      pmu = await startRawPmu({ configuration: configurations, port: pmu.port })
    },
    async stopPdcAdapter() {
      await pdcAdapter?.stop()
      pdcAdapter = undefined
    },
    async startPdcAdapter() {
      pdcAdapter = await startPdcAdapterPart()
    },
    account(idcode) {
      const account = pdcAdapter?.accounts().get(topicOf(idcode))
      if (!account) throw new Error(`no account of ${idcode}`)
      if (accountedFor(account) !== account.expected) throw new Error(`does not add up: ${JSON.stringify(account)}`)
      return account
    },
    async [Symbol.asyncDispose]() {
      stop.abort()
      await Promise.all([...pmuAdapters.values(), ...(pdcAdapter ? [pdcAdapter] : [])].map((part) => part.stop()))
      await embedded?.done
      await pmu.close()
      await rm(folder, { recursive: true, force: true })
    },
  }

  const configured = idcodes.map(
    (idcode) =>
      new Promise<void>((resolve) => {
        startRawPdc({
          host: '127.0.0.1',
          port: pdcPort,
          idcode,
          signal: stop.signal,
          onData(frame) {
            reads.push({ idcode, frame: new Uint8Array(frame), atMs: Date.now() })
            judge.read(String(idcode), frame, performance.now())
            watched.changed()
          },
          onConfiguration: () => resolve(),
        })
      }),
  )
  await Promise.all([pmu.on, ...configured])
  // The accounts begin with the first frame that a PDC takes.
  const turnedOn = { command: 'data-on' }
  await until(async () => (await metricSum(metrics, 'phasorbus_serve_commands_total', turnedOn)) >= idcodes.length)
  return line
}
