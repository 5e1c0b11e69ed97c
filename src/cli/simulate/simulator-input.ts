import { isIP } from 'node:net'
import { parseAddress } from '../../config/address.ts'
import { feeder33 } from '../../network/index.ts'
import type { SimulatorEvent, SimulatorInput } from '../../simulator/index.ts'
import { usageError } from '../cli-error.ts'
import type { SimulateOptions } from './options.ts'

/** The supply and the ends of the feeder come first: few PMUs should see much. */
const FIRST_BUSES = [1, 18, 22, 25, 33]

/** What the options ask of the simulator. Throws a usage error where they do not go together. */
export function simulatorInput(options: SimulateOptions, script: readonly SimulatorEvent[]): SimulatorInput {
  const { pmus, rate, format, idcode, seed, nominal, standard, delay } = options
  const buses = options.buses ?? [...new Set([...FIRST_BUSES, ...feeder33.buses.map(({ bus }) => bus)])]
  return {
    simulation: {
      seed,
      version: standard === 2005 ? 1 : 2,
      grid: { nominalHz: nominal },
      fleet: { count: pmus, firstIdcode: idcode, buses: [...buses], rates: [...rate], formats: [...format] },
      script: [...script],
    },
    serve: servedAt(options),
    reportingDelayMs: delay,
  }
}

function servedAt({ udp, host, port, onePort, pmus }: SimulateOptions): SimulatorInput['serve'] {
  if (udp !== undefined) {
    const to = parseAddress(udp, 4713)
    if (typeof to === 'string') throw usageError(`--udp: ${to}`)
    if (isIP(to.host) === 0)
      throw usageError(
        `--udp: \`${to.host}\` is no IP address`,
        'host names are not looked up; `getent hosts NAME` does',
      )
    return { listen: [{ kind: 'udp-spontaneous', ...to }], ports: 'shared' }
  }
  if (!onePort && port !== 0 && port + pmus - 1 > 65_535) {
    throw usageError(
      `${pmus} PMUs from port ${port} on need ports above 65535`,
      'give a lower --port, --port 0, or --one-port',
    )
  }
  return { listen: [{ kind: 'tcp', host, port }], ports: onePort ? 'shared' : 'each' }
}
