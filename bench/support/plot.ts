/** Plots as SVG: lines over one axis of numbers, with what lies around them as a band. */

export interface PlotSeries {
  readonly name: string
  /** In order of x; a null leaves a hole. */
  readonly points: readonly (readonly [x: number, y: number | null])[]
  /** Least and greatest around the line. */
  readonly band?: readonly (readonly [x: number, low: number, high: number])[]
}

export interface Plot {
  readonly title: string
  readonly x: Axis
  readonly y: Axis
  readonly series: readonly PlotSeries[]
}

export interface Axis {
  /** With its unit. */
  readonly label: string
  /** Powers of ten; what is not above zero stands on the axis. */
  readonly log?: boolean
}

const size = { width: 760, height: 340 }
const area = { left: 74, right: 744, top: 40, bottom: 270 }
/** Told apart by people who do not tell red from green (Okabe and Ito). */
const colors = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9']
const dashes = ['', '7 3', '2 3', '9 3 2 3', '4 2', '1 2']

export function renderPlot({ title, x, y, series }: Plot): string {
  const values = series.flatMap(({ points, band = [] }) => [
    ...points.flatMap(([, value]) => (value === null ? [] : [value])),
    ...band.flatMap(([, low, high]) => [low, high]),
  ])
  const across = scaleOf(
    series.flatMap(({ points }) => points.map(([at]) => at)),
    x,
    area.left,
    area.right,
    true,
  )
  const up = scaleOf(values, y, area.bottom, area.top, false)
  const text = (at: readonly [number, number], words: string, more = ''): string =>
    `<text x="${at[0]}" y="${at[1]}" ${more}>${escaped(words)}</text>`

  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${size.height}" font-family="sans-serif" font-size="12" fill="#222">`,
    `<rect width="${size.width}" height="${size.height}" fill="#fff"/>`,
    text([size.width / 2, 22], title, 'text-anchor="middle" font-size="15"'),
    ...up.ticks.flatMap((tick) => [
      `<path d="M${area.left} ${up.at(tick)}H${area.right}" stroke="#ddd"/>`,
      text([area.left - 6, up.at(tick) + 4], named(tick), 'text-anchor="end"'),
    ]),
    ...across.ticks.flatMap((tick) => [
      `<path d="M${across.at(tick)} ${area.bottom}v5" stroke="#222"/>`,
      text([across.at(tick), area.bottom + 18], named(tick), 'text-anchor="middle"'),
    ]),
    `<path d="M${area.left} ${area.top}V${area.bottom}H${area.right}" fill="none" stroke="#222"/>`,
    text([(area.left + area.right) / 2, area.bottom + 38], x.label, 'text-anchor="middle"'),
    text([0, 0], y.label, `text-anchor="middle" transform="translate(18 ${(area.top + area.bottom) / 2}) rotate(-90)"`),
    ...series.flatMap(({ points, band }, i) => {
      const color = colors[i % colors.length]!
      const dash = dashes[i % dashes.length]!
      return [
        ...(band ? [bandOf(band, color, across, up)] : []),
        `<path d="${lineOf(points, across, up)}" fill="none" stroke="${color}" stroke-width="1.6" stroke-linejoin="round"${dash && ` stroke-dasharray="${dash}"`}/>`,
      ]
    }),
    ...legend(series),
    '</svg>',
    '',
  ]
  return parts.join('\n')
}

interface Scale {
  at(value: number): number
  readonly ticks: readonly number[]
}

function scaleOf(values: readonly number[], { log = false }: Axis, from: number, to: number, tight: boolean): Scale {
  const finite = values.filter((value) => Number.isFinite(value) && (!log || value > 0))
  const least = finite.length > 0 ? Math.min(...chunked(finite, Math.min)) : 1
  const greatest = finite.length > 0 ? Math.max(...chunked(finite, Math.max)) : 1
  if (log) {
    const low = Math.floor(Math.log10(least))
    const high = Math.max(low + 1, Math.ceil(Math.log10(greatest)))
    return {
      at: (value) => round(from + ((Math.log10(Math.max(value, 10 ** low)) - low) / (high - low)) * (to - from)),
      ticks: Array.from({ length: high - low + 1 }, (_, i) => 10 ** (low + i)),
    }
  }
  const low = tight ? least : Math.min(0, least)
  const high = greatest > low ? greatest : low + 1
  const step = niceStep((high - low) / 6)
  const top = tight ? high : Math.ceil(high / step) * step
  const first = Math.ceil(low / step)
  return {
    at: (value) => round(from + ((value - low) / (top - low)) * (to - from)),
    ticks: Array.from({ length: Math.floor(top / step + 1e-9) - first + 1 }, (_, i) => (first + i) * step),
  }
}

/** An argument list has a bound. */
const chunked = (values: readonly number[], of: (...values: number[]) => number): number[] =>
  Array.from({ length: Math.ceil(values.length / 1000) }, (_, i) => of(...values.slice(i * 1000, (i + 1) * 1000)))

/** 1, 2 or 5 times a power of ten. */
function niceStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough))
  return power * ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10)
}

function lineOf(points: PlotSeries['points'], across: Scale, up: Scale): string {
  let down = false
  return points
    .map(([x, y]) => {
      if (y === null) {
        down = false
        return ''
      }
      const move = down ? 'L' : 'M'
      down = true
      // A point between two holes shows as a dot.
      return `${move}${across.at(x)} ${up.at(y)}${move === 'M' ? 'h.1' : ''}`
    })
    .join('')
}

function bandOf(band: NonNullable<PlotSeries['band']>, color: string, across: Scale, up: Scale): string {
  const edge = (pick: 1 | 2): string[] => band.map((point) => `${across.at(point[0])} ${up.at(point[pick])}`)
  return `<path d="M${[...edge(2), ...edge(1).toReversed()].join('L')}Z" fill="${color}" fill-opacity=".15"/>`
}

function legend(series: readonly PlotSeries[]): string[] {
  let x = area.left
  return series.flatMap(({ name }, i) => {
    const [at, y] = [x, size.height - 14]
    x += 40 + name.length * 7
    const dash = dashes[i % dashes.length]!
    return [
      `<path d="M${at} ${y - 4}h24" stroke="${colors[i % colors.length]}" stroke-width="2"${dash && ` stroke-dasharray="${dash}"`}/>`,
      `<text x="${at + 29}" y="${y}">${escaped(name)}</text>`,
    ]
  })
}

const round = (value: number): number => Math.round(value * 10) / 10
const named = (tick: number): string =>
  Math.abs(tick) >= 1000 ? `${Number((tick / 1000).toPrecision(4))}k` : `${Number(tick.toPrecision(4))}`
const escaped = (words: string): string => words.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
