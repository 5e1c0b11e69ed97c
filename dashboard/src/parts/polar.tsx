/** Phasors of one PMU as arrows: voltages and currents each against the greatest of their kind. */
import { lineColour } from './colours.ts'
import { degrees, quantity } from './format.ts'

export interface PolarPhasor {
  readonly name: string
  readonly unit: 'V' | 'A'
  readonly magnitude: number
  /** Radians, as it is drawn. */
  readonly angle: number
}

const SIZE = 300
const R = 120

export function Polar({
  phasors,
  theme,
}: {
  readonly phasors: readonly PolarPhasor[]
  readonly theme: 'light' | 'dark'
}) {
  const greatest = (unit: 'V' | 'A'): number =>
    Math.max(0, ...phasors.filter((each) => each.unit === unit).map(({ magnitude }) => magnitude || 0))
  const full = { V: greatest('V'), A: greatest('A') }
  const words = phasors.map(
    ({ name, unit, magnitude, angle }) => `${name} ${quantity(magnitude, unit)} at ${quantity(angle, 'rad')}`,
  )
  return (
    <svg
      class="polar"
      viewBox={`${-SIZE / 2} ${-SIZE / 2} ${SIZE} ${SIZE}`}
      role="img"
      aria-label={`phasors: ${words.join(', ')}`}
    >
      {[1, 0.5].map((part) => (
        <circle key={part} r={R * part} fill="none" stroke="var(--line)" />
      ))}
      {[0, 45, 90, 135].map((angle) => (
        <line key={angle} x1={-R} x2={R} y1="0" y2="0" stroke="var(--line)" transform={`rotate(${angle})`} />
      ))}
      {[0, 90, 180, -90].map((angle) => {
        const [x, y] = onCircle(R + 14, (angle * Math.PI) / 180)
        return (
          <text key={angle} x={x} y={y + 4} text-anchor="middle">
            {angle}°
          </text>
        )
      })}
      {phasors.map(({ name, unit, magnitude, angle }, n) => {
        if (Number.isNaN(magnitude) || Number.isNaN(angle) || full[unit] === 0) return null
        const length = (unit === 'V' ? R : 0.7 * R) * (magnitude / full[unit])
        const [x, y] = onCircle(length, angle)
        const [tx, ty] = onCircle(length + 10, angle)
        const colour = lineColour(n, theme)
        return (
          <g key={`${n}-${name}`}>
            <line
              x1="0"
              y1="0"
              x2={x}
              y2={y}
              stroke={colour}
              stroke-width="2.5"
              stroke-dasharray={unit === 'A' ? '6 3' : undefined}
            />
            <path d="M0 0 -9 4 -9 -4Z" fill={colour} transform={`translate(${x} ${y}) rotate(${-degrees(angle)})`} />
            <text x={tx} y={ty + 4} text-anchor={tx < 0 ? 'end' : 'start'}>
              {name}
            </text>
          </g>
        )
      })}
    </svg>
  )
}

/** Angles turn against the clock, as everywhere in the field. */
const onCircle = (radius: number, angle: number): readonly [number, number] => [
  radius * Math.cos(angle),
  -radius * Math.sin(angle),
]
