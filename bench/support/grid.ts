/** A grid of one site with PMUs and one with a server for PDCs, each `phasorbus run` in a process of its own. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Child, startPhasorbus } from './children.ts'
import { freePort } from './free-port.ts'

export interface GridOptions {
  readonly streams: readonly { readonly idcode: number; readonly port: number }[]
  /** A broker by its URL, or the embedded one in the PMU-adapter's process. */
  readonly broker: { readonly name: string; readonly url: string } | 'aedes'
  readonly qos: 0 | 1
  /** Whether the PMU-adapter keeps a journal. Default true, as everywhere. */
  readonly journal?: boolean
  /** Whether there is a PDC-adapter. Default true. */
  readonly served?: boolean
  /** By which the PDC-adapter reaches the broker, where that is another way. */
  readonly farUrl?: string
}

export interface Grid {
  /** Of its streams' topics. */
  readonly area: string
  readonly pdcPort: number
  readonly metricsUrl: string
  /** Of the PDC-adapter. */
  readonly farMetricsUrl: string
  readonly pmuAdapter: Child
  readonly pdcAdapter: Child
  end(): Promise<void>
}

export async function startGrid({
  streams,
  broker,
  qos,
  journal = true,
  served = true,
  farUrl,
}: GridOptions): Promise<Grid> {
  const folder = await mkdtemp(join(tmpdir(), 'phasorbus-bench-'))
  const ports = await Promise.all([freePort(), freePort(), freePort(), freePort()])
  const [pdcPort, brokerPort, metricsPort, farMetricsPort] = ports
  const embedded = broker === 'aedes'
  const url = embedded ? `mqtt://127.0.0.1:${brokerPort}` : broker.url
  const area = `bench-${pdcPort}`
  const near = {
    area,
    live: { qos },
    ...(journal ? {} : { journal: false }),
    metrics: { listen: `127.0.0.1:${metricsPort}` },
    sites: [
      {
        location: 'secondary-station/1',
        broker: embedded ? { embedded: { listen: [{ transport: 'tcp', port: brokerPort }] } } : url,
        pmus: streams.map(({ idcode, port }) => ({
          id: `${idcode}`,
          idcode,
          source: `tcp://127.0.0.1:${port}`,
          ask: [],
          // Paths take turns: a quiet one is not a broken one.
          silence: { floorMs: 600_000 },
        })),
      },
    ],
  }
  const far = {
    area,
    metrics: { listen: `127.0.0.1:${farMetricsPort}` },
    sites: [
      {
        location: 'control-center/1',
        broker: farUrl ?? url,
        pdcAdapters: [
          {
            id: 'bench',
            listen: `tcp://127.0.0.1:${pdcPort}`,
            streams: `${area}/secondary-station/1/PMU/#`,
            limits: { clients: 2000, clientsPerAddress: 2000 },
          },
        ],
      },
    ],
  }

  const children: Child[] = []
  const start = async (name: string, grid: object): Promise<Child> => {
    const file = join(folder, `${name}.yaml`)
    await writeFile(file, JSON.stringify(grid))
    const child = startPhasorbus(name, ['run', file])
    children.push(child)
    await child.ready(/"msg":"ready"/)
    return child
  }
  const end = async (): Promise<void> => {
    await Promise.all(children.map((child) => child.end()))
    await rm(folder, { recursive: true, force: true })
  }
  try {
    const pmuAdapter = await start('PMU-adapter', near)
    const pdcAdapter = served ? await start('PDC-adapter', far) : pmuAdapter
    const [metricsUrl, farMetricsUrl] = [metricsPort, farMetricsPort].map((port) => `http://127.0.0.1:${port}/metrics`)
    return { area, pdcPort, metricsUrl: metricsUrl!, farMetricsUrl: farMetricsUrl!, pmuAdapter, pdcAdapter, end }
  } catch (error) {
    await end()
    throw error
  }
}
