/**
 * The whole line for tests: raw PMUs, PMU-adapter, a broker, PDC-adapter, raw
 * PDCs, and the judge at both ends. The ends and the judge are none of `src/`.
 */

import { Judge, type RawPmu, startRawPdc, startRawPmu } from '../../judge/index.ts'
import {
  BrokerConfig,
  type Bus,
  EmbeddedBrokerConfig,
  LiveConfig,
  startBus,
  startEmbeddedBroker,
} from '../../src/bus/index.ts'
import { compileDecoder, decodeConfiguration, stampFrame } from '../../src/c37118/index.ts'
import { ServerConfig, type ServerConfigInput } from '../../src/config/server.ts'
import { SourceConfig, type SourceConfigInput } from '../../src/config/source.ts'
import { type PdcAdapter, startPdcAdapter } from '../../src/pdc-adapter/index.ts'
import { startPmuAdapter } from '../../src/pmu-adapter/index.ts'
import { silentLog } from '../../src/runtime/log.ts'
import { createMetrics, type MetricsRegistry } from '../../src/runtime/metrics.ts'
import type { ServiceDeps } from '../../src/runtime/service.ts'

const area = 'test-area'

export interface LineOptions {
  /** A broker by its URL, or the embedded one without a socket. */
  readonly broker: { readonly url: string } | 'embedded'
  /** The CFG-2 frame of each PMU; its IDCODE is that of the stream. */
  readonly configurations: readonly Uint8Array[]
  /** PMUs beside them that no PDC asks for, at ports of their own. */
  readonly besides?: readonly { readonly idcode: number; readonly port: number }[]
  readonly live?: Partial<LiveConfig>
  readonly source?: Partial<SourceConfigInput>
  readonly server?: Partial<ServerConfigInput>
  /** Called with every configuration a PDC fetched. */
  readonly onConfiguration?: (idcode: number, frame: Uint8Array) => void
  /** Called with every data frame a PDC read, probes apart. */
  readonly onData?: (idcode: number, frame: Uint8Array) => void
}

export interface Line extends AsyncDisposable {
  readonly pmu: RawPmu
  readonly judge: Judge
  readonly metrics: MetricsRegistry
  readonly pdcAdapter: PdcAdapter
  readonly pdcPort: number
  /** Writes a frame as the PMU, for the judge to know. */
  send(frame: Uint8Array): void
  /** Resolves when the PDCs have read this many frames, good or not. */
  read(frames: number): Promise<void>
}

const idcodeOf = (frame: Uint8Array): number => (frame[4]! << 8) | frame[5]!

export const topicOf = (idcode: number): string => `${area}/secondary-station/1/PMU/${idcode}`

/**
 * Resolves when every PDC gets data: a frame of 1970, which the judge is not
 * told of, has come through each stream.
 */
export async function startLine(options: LineOptions): Promise<Line> {
  const stop = new AbortController()
  const judge = new Judge()
  const metrics = createMetrics()
  const deps: ServiceDeps = { signal: stop.signal, log: silentLog, metrics }
  const pmu = await startRawPmu({ configuration: options.configurations })
  const idcodes = options.configurations.map(idcodeOf)

  const { bus, done: busDone } = await openBus(options.broker, deps)
  const pmuAdapter = startPmuAdapter(
    {
      pmus: [...idcodes.map((idcode) => ({ idcode, port: pmu.port })), ...(options.besides ?? [])].map(
        ({ idcode, port }) => ({
          topic: topicOf(idcode),
          source: SourceConfig.parse({
            transport: `tcp://127.0.0.1:${port}`,
            idcode,
            ask: [],
            settleMs: 1,
            ...options.source,
          }),
          live: LiveConfig.parse(options.live ?? {}),
        }),
      ),
    },
    { ...deps, buses: [bus('pmu-adapter')], node: `${area}/secondary-station/1/NODE/pmu-adapter` },
  )
  const pdcAdapter = startPdcAdapter(
    {
      id: 'test',
      streams: [`${area}/secondary-station/1/PMU/#`],
      server: ServerConfig.parse({
        listen: ['tcp://127.0.0.1:0'],
        limits: { clients: 2000, clientsPerAddress: 2000 },
        ...options.server,
      }),
    },
    { ...deps, bus: bus('pdc-adapter') },
  )
  await pdcAdapter.ready

  const probes = new Map(options.configurations.map((frame) => [idcodeOf(frame), probeOf(frame)]))
  const silent = new Set(idcodes)
  let allHeard = (): void => {}
  let frames = 0
  let look = (): void => {}
  const configured = idcodes.map(
    (idcode) =>
      new Promise<void>((resolve) => {
        startRawPdc({
          host: '127.0.0.1',
          port: pdcAdapter.server.address.port,
          idcode,
          signal: stop.signal,
          onData(frame) {
            if (isSame(frame, probes.get(idcode)!)) {
              silent.delete(idcode)
              if (silent.size === 0) allHeard()
              return
            }
            options.onData?.(idcode, frame)
            judge.read(String(idcode), frame, performance.now())
            frames++
            look()
          },
          onConfiguration(frame) {
            options.onConfiguration?.(idcode, frame)
            resolve()
          },
        })
      }),
  )
  await Promise.all([...(idcodes.length > 0 ? [pmu.on] : []), ...configured])
  await new Promise<void>((resolve) => {
    if (silent.size === 0) return resolve()
    const probing = setInterval(() => {
      for (const idcode of silent) pmu.send(probes.get(idcode)!)
    }, 20)
    allHeard = () => {
      clearInterval(probing)
      resolve()
    }
  })

  return {
    pmu,
    judge,
    metrics,
    pdcAdapter,
    pdcPort: pdcAdapter.server.address.port,
    send(frame) {
      judge.wrote(String(idcodeOf(frame)), frame, performance.now())
      pmu.send(frame)
    },
    read: (count) =>
      new Promise((resolve) => {
        look = () => {
          if (frames >= count) resolve()
        }
        look()
      }),
    async [Symbol.asyncDispose]() {
      stop.abort()
      await Promise.all([pmuAdapter.done, pdcAdapter.done, ...busDone.map((done) => done())])
      await pmu.close()
    },
  }
}

interface OpenBus {
  readonly bus: (nodeId: string) => Bus
  readonly done: (() => Promise<void>)[]
}

/** One connection for each adapter, or none at all. */
async function openBus(broker: LineOptions['broker'], deps: ServiceDeps): Promise<OpenBus> {
  const node = (nodeId: string) => ({ area, locationType: 'secondary-station', locationId: '1', nodeId })
  if (broker === 'embedded') {
    const embedded = await startEmbeddedBroker(EmbeddedBrokerConfig.parse({ listen: [] }), deps)
    return { bus: (nodeId) => embedded.bus(node(nodeId)), done: [() => embedded.done] }
  }
  const done: (() => Promise<void>)[] = []
  return {
    done,
    bus(nodeId) {
      const bus = startBus(BrokerConfig.parse({ url: broker.url }), { ...deps, node: node(nodeId) })
      done.push(() => bus.done)
      return bus
    },
  }
}

/** A data frame of that configuration, all zeros, of 1970. */
function probeOf(configuration: Uint8Array): Uint8Array {
  const frame = new Uint8Array(compileDecoder(decodeConfiguration(configuration)).frameSize)
  frame.set([0xaa, 0x01, frame.length >> 8, frame.length & 0xff])
  stampFrame(frame, { soc: 1, fraction: 0, idcode: idcodeOf(configuration) })
  return frame
}

const isSame = (one: Uint8Array, other: Uint8Array): boolean => Buffer.compare(one, other) === 0
