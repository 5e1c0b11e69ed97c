/** A line of counts over time in a box, for SVG. Pure. */
export interface StripBox {
  readonly width: number
  readonly height: number
  /** Seconds that it shows, up to now. */
  readonly spanS: number
}

type Point = readonly [timeS: number, count: number]

/** Two looks that are further apart have nothing between them. */
const MAX_STEP_S = 15

/** Steps from one look to the next; a gap where nothing is told (NaN), or nobody looked. `most` is the height of the box. */
export function stripPath(points: readonly Point[], nowS: number, most: number, box: StripBox): string {
  const { width, height, spanS } = box
  const x = (timeS: number): number => rounded(width - ((nowS - timeS) * width) / spanS)
  const y = (count: number): number => rounded(height - (height * count) / Math.max(1, most))
  return runsOf(points.filter(([timeS]) => nowS - timeS <= spanS))
    .map((run) => {
      const [first, ...rest] = run
      const steps = rest.flatMap(([timeS, count], at) => (count === run[at]![1] ? [] : [`H${x(timeS)}V${y(count)}`]))
      return `M${x(first![0])} ${y(first![1])}${steps.join('')}H${x(run.at(-1)![0])}`
    })
    .join('')
}

/** Points without a gap between them. */
function runsOf(points: readonly Point[]): readonly (readonly Point[])[] {
  const runs: Point[][] = []
  let before: Point | undefined
  for (const point of points) {
    if (Number.isNaN(point[1])) {
      before = undefined
      continue
    }
    if (before && point[0] - before[0] <= MAX_STEP_S) runs.at(-1)!.push(point)
    else runs.push([point])
    before = point
  }
  return runs
}

const rounded = (value: number): number => Math.round(value * 10) / 10
