import { type Server, type ServerAddress, type StreamOutput, startServer } from '../link/index.ts'
import type { ServiceDeps } from '../runtime/service.ts'
import type { SimulatorConfig } from './config.ts'
import type { SimulatedPmu } from './simulated-pmu.ts'

type ServeSettings = NonNullable<SimulatorConfig['serve']>

/** The sockets of the simulated PMUs. */
export interface PmuServers {
  readonly servers: readonly Server[]
  /** Where each PMU's data frames are given. */
  readonly outputs: ReadonlyMap<SimulatedPmu, StreamOutput>
  /** Where each PMU is reached; complete once all servers are listening. */
  addressesOf(pmu: SimulatedPmu): readonly ServerAddress[]
}

/** Serves every PMU: each at ports of its own, or all together. */
export function servePmus(pmus: readonly SimulatedPmu[], settings: ServeSettings, deps: ServiceDeps): PmuServers {
  const { ports, ...config } = settings
  const serverOf = new Map<SimulatedPmu, Server>()
  const servers: Server[] = []
  for (const [i, pmu] of pmus.entries()) {
    if (ports === 'each' || i === 0) {
      const listen = config.listen.map((endpoint) => ({
        ...endpoint,
        port: endpoint.port === 0 || ports === 'shared' ? endpoint.port : endpoint.port + i,
      }))
      const name = ports === 'each' ? `simulator-${pmu.idcode}` : 'simulator'
      servers.push(startServer({ ...config, listen }, { ...deps, server: name }))
    }
    serverOf.set(pmu, servers.at(-1)!)
  }

  const outputs = new Map<SimulatedPmu, StreamOutput>()
  for (const [pmu, server] of serverOf) {
    const output = server.stream(pmu.idcode)
    output.configuration(pmu.frames.config2)
    output.configuration(pmu.frames.config1)
    output.configuration(pmu.frames.config3)
    output.header(pmu.frames.header)
    outputs.set(pmu, output)
  }
  return { servers, outputs, addressesOf: (pmu) => serverOf.get(pmu)?.addresses ?? [] }
}
