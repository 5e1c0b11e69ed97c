import type { Grid, Pmu, Site } from '../../config/grid.ts'
import type { SimulatedSource } from '../../config/simulator.ts'
import type { SourceConfig } from '../../config/source.ts'
import type { Transport } from '../../config/transport.ts'
import type { Running, ServiceDeps } from '../../runtime/service.ts'
import { startSimulator } from '../../simulator/index.ts'

/** PMUs of the grid file that are not there, served on loopback as if they were. */
export interface SimulatedPmus {
  transportOf(idcode: number): Transport
}

type Device = Pick<Pmu, 'source' | 'session'>

/** Starts one simulator for all `source: simulated:…` of this process; none if there is no such PMU. */
export async function startSimulatedPmus(
  { sites, simulator: settings }: Grid,
  deps: ServiceDeps,
  keep: <R extends Running>(running: R) => R,
): Promise<SimulatedPmus> {
  const simulated = sites.flatMap(simulatedOf)
  if (simulated.length === 0) return { transportOf: unknown }

  const simulator = keep(
    startSimulator(
      {
        simulation: {
          seed: settings.seed,
          grid: { nominalHz: settings.nominalHz },
          pmus: simulated.map(({ source: { bus, rate }, session: { idcode } }) => ({ bus, rate, idcode })),
        },
        serve: { listen: ['tcp://127.0.0.1:0'] },
      },
      deps,
    ),
  )
  await simulator.ready
  const ports = new Map(simulator.pmus.map((pmu) => [pmu.idcode, simulator.addressesOf(pmu)[0]?.port]))
  return {
    transportOf(idcode) {
      const port = ports.get(idcode)
      return port === undefined ? unknown(idcode) : { kind: 'tcp', host: '127.0.0.1', port }
    },
  }
}

/** PMUs that are published, and those that a PDC reads itself. */
function simulatedOf({ pmus, pdcs }: Site): readonly (Device & { readonly source: SimulatedSource })[] {
  const read = pdcs.flatMap(({ inputs }) => inputs.flatMap((input) => ('source' in input ? [input] : [])))
  return [...pmus, ...read].flatMap(({ source, session }) => (source.kind === 'simulated' ? [{ source, session }] : []))
}

function unknown(idcode: number): never {
  throw new Error(`no simulated PMU has IDCODE ${idcode}`)
}

/** How a device is read, of which a simulated one has an address by now. */
export function sourceOf({ source, session }: Pick<Pmu, 'source' | 'session'>, simulated: SimulatedPmus): SourceConfig {
  return { ...session, transport: source.kind === 'simulated' ? simulated.transportOf(session.idcode) : source }
}
