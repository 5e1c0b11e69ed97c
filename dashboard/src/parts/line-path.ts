/**
 * The line of a plot. uPlot draws lines as one and cuts out what is missing, where it is wider
 * than a pixel; here the pen is lifted, however short it is.
 */
export interface Pen {
  moveTo(x: number, y: number): void
  lineTo(x: number, y: number): void
}

export interface LinePoints {
  readonly times: ArrayLike<number>
  /** null: no line goes through here; undefined: it is another line's time. */
  readonly values: ArrayLike<number | null | undefined>
  /** Places: from the first to the last, both included. */
  readonly first: number
  readonly last: number
  /** In degrees within ±180: what is further than half a turn has gone around. */
  readonly isAngle: boolean
}

/** Of a value that has no neighbour. */
const DOT_PX = 2

/** `xOf` and `yOf` in pixels. */
export function drawLine(
  pen: Pen,
  { times, values, first, last, isAngle }: LinePoints,
  xOf: (time: number) => number,
  yOf: (value: number) => number,
): void {
  let before: number | null = null
  let isDot = false
  let [x, y] = [0, 0]
  const lift = (): void => {
    if (isDot) pen.lineTo(x + DOT_PX, y)
    isDot = false
  }
  for (let at = first; at <= last; at++) {
    const value = values[at]
    if (value === undefined) continue
    const isNext: boolean = value !== null && before !== null && !(isAngle && Math.abs(value - before) > 180)
    if (!isNext) lift()
    before = value
    if (value === null) continue
    x = xOf(times[at]!)
    y = yOf(value)
    if (isNext) pen.lineTo(x, y)
    else pen.moveTo(x, y)
    isDot = !isNext
  }
  lift()
}
