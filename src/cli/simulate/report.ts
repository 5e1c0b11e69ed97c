import type { MetricsRegistry } from '../../runtime/metrics.ts'
import type { SimulatedPmu, Simulator } from '../../simulator/index.ts'
import { formatTable } from '../terminal/table.ts'
import { describeFormat } from './format-option.ts'

/** More rows than this tell nobody more. */
const MOST_ROWS = 20

/** The PMUs, and where a PDC finds them. */
export function simulatorTable(simulator: Simulator): string[] {
  const { pmus } = simulator
  const rows = pmus.slice(0, MOST_ROWS).map((pmu) => rowOf(pmu, simulator))
  const table = formatTable(['IDCODE', 'STATION', 'BUS', 'RATE', 'FORMAT', 'ADDRESS'], rows, { right: [0, 2, 3] })
  const last = pmus.at(-1)
  if (rows.length === pmus.length || !last) return table
  return [
    ...table,
    `and ${pmus.length - rows.length} more, up to IDCODE ${last.idcode} at ${addressOf(last, simulator)}`,
  ]
}

function rowOf(pmu: SimulatedPmu, simulator: Simulator): string[] {
  const { bus, rate, format } = pmu.settings
  return [String(pmu.idcode), pmu.station, String(bus), String(rate), describeFormat(format), addressOf(pmu, simulator)]
}

function addressOf(pmu: SimulatedPmu, simulator: Simulator): string {
  return simulator
    .addressesOf(pmu)
    .map(({ kind, host, port }) => `${kind}://${host.includes(':') ? `[${host}]` : host}:${port}`)
    .join(' ')
}

/** What `--json` prints at the end. */
export function simulationReport(simulator: Simulator, metrics: MetricsRegistry): object {
  return {
    pmus: simulator.pmus.map((pmu) => ({
      idcode: pmu.idcode,
      station_name: pmu.station,
      bus: pmu.settings.bus,
      rate: pmu.rate,
      address: addressOf(pmu, simulator),
    })),
    seconds: simulator.simulation.timeS,
    frames: metrics.counter('phasorbus_simulator_frames_total', '').value,
    skipped_frames: metrics.counter('phasorbus_simulator_skipped_frames_total', '').value,
  }
}
