import { useMemo } from 'preact/hooks'
import type { GridPmu, Network } from '../api/grid.ts'
import { href } from '../route.ts'
import { quantity } from './format.ts'
import { layOut, spotsOf } from './one-line-layout.ts'
import type { Station } from './station.ts'

const COLUMN = 74
const ROW = 84
const SIDE = 66
const TOP = 62
/** Below the last row: what its PMUs say. */
const BOTTOM = 62
/** What one PMU says. */
const LABEL = 40
/** For the PMUs of one bus, side by side. */
const BESIDE = 60

interface Props {
  readonly network: Network
  readonly pmus: readonly GridPmu[]
  readonly stations: readonly Station[]
  readonly colour: (station: Station) => string
}

/** Buses and branches; where a PMU measures, what it says. */
export function OneLineDiagram({ network, pmus, stations, colour }: Props) {
  const { places, columns, rows } = useMemo(() => layOut(network), [network])
  const width = 2 * SIDE + (columns - 1) * COLUMN
  const busOf = new Map(pmus.map(({ topic, bus }) => [topic, bus]))
  const measured = stations.flatMap((station) => {
    const bus = busOf.get(station.topic)
    return bus !== undefined && places.has(bus) ? [{ bus, station }] : []
  })
  const spots = spotsOf(measured.map(({ bus }) => places.get(bus)!))
  // Where a bus has more PMUs than one above and one below, rows make room.
  const more = LABEL * Math.max(0, ...spots.map(({ tier }) => tier))
  const at = (bus: string): readonly [number, number] => {
    const { column, row } = places.get(bus) ?? { column: 0, row: 0 }
    return [SIDE + column * COLUMN, TOP + more + row * (ROW + 2 * more)]
  }
  return (
    <div class="scroll">
      {/* biome-ignore lint/a11y/useSemanticElements: a picture; as an image, the links in it would not be told */}
      <svg
        class="one-line"
        role="group"
        aria-label="one-line diagram of the area"
        style={{ minWidth: `${Math.round(width * 0.62)}px` }}
        viewBox={`0 0 ${width} ${TOP + BOTTOM + 2 * more + (rows - 1) * (ROW + 2 * more)}`}
      >
        {network.branches
          .filter(({ closed }) => closed)
          .map(({ from, to }) => {
            const [[x1, y1], [x2, y2]] = [at(from), at(to)]
            return (
              <polyline
                key={`${from}-${to}`}
                points={`${x1},${y1} ${x1},${y2} ${x2},${y2}`}
                fill="none"
                stroke="var(--faint)"
                stroke-width="2"
              />
            )
          })}
        {network.buses.map((bus) => {
          const [x, y] = at(bus)
          return (
            <g key={bus}>
              <line x1={x} x2={x} y1={y - 9} y2={y + 9} stroke="var(--quiet)" stroke-width="3" />
              <text class="quiet" x={x + 4} y={y - 12}>
                {bus}
              </text>
            </g>
          )
        })}
        {measured.map(({ bus, station }, nth) => {
          const { topic, name, pmu, isOnline, absence, absenceInWords, voltage, angle, freq } = station
          const { beside, isBelow, tier } = spots[nth]!
          const [busX, y] = at(bus)
          const x = busX + beside * BESIDE
          const top = isBelow ? y + 26 + tier * LABEL : y - 50 - tier * LABEL
          const words = [
            isOnline ? [] : absenceInWords,
            quantity(voltage, 'V'),
            quantity(angle, 'rad'),
            quantity(freq, 'Hz'),
          ]
          return (
            <a
              key={`${topic} ${pmu}`}
              href={href('pmu', { stream: topic, pmu: pmu > 0 ? `${pmu}` : undefined })}
              aria-label={`${name}: ${words.flat().join(', ')}`}
            >
              <circle
                cx={x}
                cy={y}
                r={absence === 'never heard' ? 6 : 10}
                fill={colour(station)}
                stroke="var(--ink)"
                stroke-width="2"
                stroke-dasharray={isOnline ? undefined : '3 3'}
              />
              <text x={x} y={top} class="outlined" text-anchor="middle" font-weight="600">
                {name}
              </text>
              <text class="outlined" x={x} y={top + 13} text-anchor="middle">
                {isOnline ? quantity(voltage, 'V') : absence}
              </text>
              {isOnline && (
                <text x={x} y={top + 26} text-anchor="middle" class="quiet outlined">
                  {quantity(angle, 'rad')}
                </text>
              )}
            </a>
          )
        })}
      </svg>
    </div>
  )
}
