import { useMemo } from 'preact/hooks'
import type { GridPmu, Network } from '../api/grid.ts'
import { href } from '../route.ts'
import { offline, quantity, wrapped } from './format.ts'
import { layOut, type Placed } from './one-line-layout.ts'
import type { Station } from './station.ts'

const COLUMN = 74
const ROW = 84
const SIDE = 66
const TOP = 62
/** Below the last row: what its PMUs say. */
const BOTTOM = 62

interface Props {
  readonly network: Network
  readonly pmus: readonly GridPmu[]
  readonly stations: readonly Station[]
  readonly colour: (station: Station) => string
  /** Against which angles are told. */
  readonly reference: Station | undefined
}

/** Buses and branches; where a PMU measures, what it says. */
export function OneLineDiagram({ network, pmus, stations, colour, reference }: Props) {
  const { places, columns, rows } = useMemo(() => layOut(network), [network])
  const width = 2 * SIDE + (columns - 1) * COLUMN
  const at = (bus: string): readonly [number, number] => {
    const place = places.get(bus) ?? { column: 0, row: 0 }
    return [SIDE + place.column * COLUMN, TOP + place.row * ROW]
  }
  const byTopic = new Map(stations.map((station) => [station.topic, station]))
  const measured = pmus.flatMap(({ topic, bus }) => {
    const station = byTopic.get(topic)
    return bus !== undefined && station && places.has(bus) ? [{ bus, station }] : []
  })
  const below = labelsBelow(measured.map(({ bus }) => places.get(bus)!))
  return (
    <div class="scroll">
      <svg
        class="one-line"
        style={{ minWidth: `${Math.round(width * 0.62)}px` }}
        viewBox={`0 0 ${width} ${TOP + BOTTOM + (rows - 1) * ROW}`}
        role="img"
        aria-label="one-line diagram of the area"
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
        {measured.map(({ bus, station }) => {
          const [x, y] = at(bus)
          const { topic, name, isOnline, silentS, voltage, angle, freq } = station
          const top = below.has(bus) ? y + 26 : y - 50
          return (
            <a
              key={topic}
              href={href('pmu', { stream: topic })}
              aria-label={`${name}: ${isOnline ? '' : `${offline(silentS)}: `}${quantity(voltage, 'V')}, ${quantity(freq, 'Hz')}`}
            >
              <circle
                cx={x}
                cy={y}
                r="10"
                fill={colour(station)}
                stroke="var(--ink)"
                stroke-width="2"
                stroke-dasharray={isOnline ? undefined : '3 3'}
              />
              <text x={x} y={top} class="outlined" text-anchor="middle" font-weight="600">
                {name}
              </text>
              <text class="outlined" x={x} y={top + 13} text-anchor="middle">
                {isOnline ? quantity(voltage, 'V') : 'offline'}
              </text>
              {isOnline && (
                <text x={x} y={top + 26} text-anchor="middle" class="quiet outlined">
                  {quantity(wrapped(angle - (reference?.angle ?? 0)), 'rad')}
                </text>
              )}
            </a>
          )
        })}
      </svg>
    </div>
  )
}

/** Neighbours in one row take turns, so that what is told of one does not lie on the other. */
function labelsBelow(places: readonly Placed[]): ReadonlySet<string> {
  const below = new Set<string>()
  for (const { bus, column, row } of places.toSorted((one, other) => one.column - other.column)) {
    const before = places.find((other) => other.row === row && other.column === column - 1)
    if (!before || !below.has(before.bus)) below.add(bus)
  }
  return below
}
