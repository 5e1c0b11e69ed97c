/** Phasors of one PMU as arrows: voltages and currents each against the greatest of their kind. */
import { lineColour } from './colours.ts'
import { degrees, quantity, signed } from './format.ts'

export interface PolarPhasor {
  readonly name: string
  readonly unit: 'V' | 'A'
  readonly magnitude: number
  /** Radians, as it is drawn. */
  readonly angle: number
}

interface Arrow extends Pick<PolarPhasor, 'name' | 'unit' | 'angle'> {
  readonly x: number
  readonly y: number
  readonly length: number
  readonly colour: string
}

/** Of the greatest of its kind: shorter arrows are not drawn. */
const LEAST = 0.02
/** Arrows whose ends are so near each other share a label. */
const NEAR = 12
const WIDTH = 400
const HEIGHT = 300
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
  const arrows = phasors.flatMap(({ name, unit, magnitude, angle }, n): Arrow[] => {
    const part = magnitude / full[unit]
    // What is next to nothing has no direction worth a look.
    if (!(part >= LEAST) || Number.isNaN(angle)) return []
    const length = (unit === 'V' ? R : 0.7 * R) * part
    const [x, y] = onCircle(length, angle)
    return [{ name, unit, x, y, length, angle, colour: lineColour(n, theme) }]
  })
  const words = phasors.map(
    ({ name, unit, magnitude, angle }) => `${name} ${quantity(magnitude, unit)} at ${quantity(angle, 'rad')}`,
  )
  return (
    <svg
      class="polar"
      viewBox={`${-WIDTH / 2} ${-HEIGHT / 2} ${WIDTH} ${HEIGHT}`}
      role="img"
      aria-label={`phasors: ${words.join(', ')}`}
    >
      {[1, 0.5].map((part) => (
        <circle key={part} r={R * part} fill="none" stroke="var(--line)" />
      ))}
      {[0, 45, 90, 135].map((angle) => (
        <line key={angle} x1={-R} x2={R} y1="0" y2="0" stroke="var(--line)" transform={`rotate(${angle})`} />
      ))}
      {[45, 135, -135, -45].map((angle) => {
        const [x, y] = onCircle(R + 14, (angle * Math.PI) / 180)
        return (
          <text key={angle} x={x} y={y + 4} text-anchor="middle">
            {signed(`${angle}`)}°
          </text>
        )
      })}
      {arrows.map(({ name, unit, x, y, angle, colour }) => (
        <g key={`${unit} ${name}`}>
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
        </g>
      ))}
      {labelsOf(arrows).map(({ text, x, y }) => (
        <text key={text} class="outlined" x={x} y={y + 4} text-anchor={x < 0 ? 'end' : 'start'}>
          {text}
        </text>
      ))}
    </svg>
  )
}

function labelsOf(arrows: readonly Arrow[]): { text: string; x: number; y: number }[] {
  const labels: { text: string; x: number; y: number }[] = []
  for (const { name, length, angle } of arrows) {
    const [x, y] = onCircle(length + 10, angle)
    const near = labels.find((label) => Math.hypot(label.x - x, label.y - y) < NEAR)
    if (near) near.text += `, ${name}`
    else labels.push({ text: name, x, y })
  }
  return labels
}

/** Angles turn against the clock, as everywhere in the field. */
const onCircle = (radius: number, angle: number): readonly [number, number] => [
  radius * Math.cos(angle),
  -radius * Math.sin(angle),
]
