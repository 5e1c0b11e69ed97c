/** `phasorbus run` in a host of the lab, with the grid file of that host. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { heapProbeOf, phasorbusOf } from './built.ts'
import type { HostProcess, StartOptions } from './host-process.ts'
import type { Host } from './network.ts'

export const area = 'lab'
export const metricsPort = 9464
export const pdcPort = 4712

/** Addresses of one broker, or of several, nearest first: as a grid file's `broker`. */
export type BrokerSetting = string | { readonly url: string | readonly string[] } | readonly BrokerSetting[]

export interface PmuAdapterShare {
  readonly node: string
  readonly broker: BrokerSetting
  readonly pmus: { readonly address: string; readonly port: number; readonly idcodes: readonly number[] }
  readonly qos: 0 | 1
  /** Of the journal, where it is not the default. */
  readonly writeDelayMs?: number
}

export const pmuAdapterGrid = ({ node, broker, pmus, qos, writeDelayMs }: PmuAdapterShare): object => ({
  area,
  live: { qos },
  ...(writeDelayMs !== undefined && { journal: { writeDelayMs } }),
  metrics: { listen: `0.0.0.0:${metricsPort}` },
  sites: [
    {
      location: 'secondary-station/1',
      node,
      broker,
      pmus: pmus.idcodes.map((idcode) => ({
        id: `${idcode}`,
        idcode,
        source: `tcp://${pmus.address}:${pmus.port}`,
        ask: [],
      })),
    },
  ],
})

export interface PdcAdapterShare {
  readonly broker: BrokerSetting
  readonly clients: number
}

export const pdcAdapterGrid = ({ broker, clients }: PdcAdapterShare): object => ({
  area,
  metrics: { listen: `0.0.0.0:${metricsPort}` },
  sites: [
    {
      location: 'control-center/1',
      node: 'center',
      broker,
      pdcAdapters: [
        {
          id: 'legacy',
          listen: `tcp://0.0.0.0:${pdcPort}`,
          streams: `${area}/secondary-station/1/PMU/#`,
          limits: { clients: clients + 10, clientsPerAddress: clients + 10 },
        },
      ],
    },
  ],
})

/** Resolves when its ports are open. What it must keep over a restart is in the host's folder. */
export async function runPhasorbus(
  host: Host,
  grid: object,
  built: string,
  options: Pick<StartOptions, 'onDeath'> & { readonly heapProbe?: boolean } = {},
): Promise<HostProcess> {
  const file = join(host.folder, 'grid.yaml')
  writeFileSync(file, JSON.stringify({ ...grid, state: join(host.folder, 'state') }))
  const { heapProbe = false, onDeath } = options
  const args = [...(heapProbe ? ['--import', heapProbeOf(built)] : []), phasorbusOf(built), 'run', file]
  const started = host.start('phasorbus', process.execPath, args, onDeath ? { onDeath } : {})
  await started.ready(/"msg":"ready"/)
  return started
}
