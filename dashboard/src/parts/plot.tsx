/** A plot of quantities over time (uPlot). It draws when its turn comes, never more often than the page can follow. */
import { useEffect, useRef } from 'preact/hooks'
import uPlot, { type AlignedData, type Options, type Series } from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { useAppState } from '../app-state.ts'
import { everyTick, onceSoon } from '../scene/ticker.ts'
import { useLatest } from '../scene/use.ts'
import { lineColour, lineDash } from './colours.ts'
import { clock, day, signed, time, withUnit } from './format.ts'
import { drawLine } from './line-path.ts'
import { selectByTouch } from './touch-select.ts'

export interface PlotLine {
  readonly label: string
  /** Of the values as they are drawn. */
  readonly unit: string
  /** Which colour; its place in the plot by default. */
  readonly colour?: number
}

export interface PlotProps {
  /** For those who cannot see it. */
  readonly title: string
  readonly lines: readonly PlotLine[]
  /** Times in seconds, then the values of each line; asked for when it is drawn. */
  readonly data: () => AlignedData
  /** What is seen of it: from and to, in seconds. */
  readonly period: () => readonly [number, number]
  /** Times a second that it is drawn; 0: when it is rendered. */
  readonly perSecond: number
  readonly height?: number
  /** Digits after the point, in the legend. */
  readonly digits?: number
  /** A period was chosen by dragging. */
  readonly onSelect?: (fromS: number, toS: number) => void
  /** Narrowest range of values, so that noise does not fill it. */
  readonly leastSpan?: number
  /** Plots of one key share their cursor. */
  readonly sync?: string
  /** `false`: whoever shows it says what the lines are. */
  readonly hasLegend?: boolean
  /** Each value is a sample: those that stand apart have points. */
  readonly hasPoints?: boolean
  /** The pointer is at this time; undefined: at none. */
  readonly onCursor?: (atS: number | undefined) => void
}

/** Of the canvas, left and right of what is plotted: half of the longest time fits right of it. What lies on and under it is aligned with it, by the style sheet. */
const PLOT_LEFT_PX = 64
const PLOT_RIGHT_PX = 46

const WIDTH_PX = 600
const LINE_PX = 1.5
/** Lines of one pixel take a browser without a graphics card a seventh of the time. */
const LIVE_LINE_PX = 1
const POINT_PX = 5
const SPARSE_PX = 6

export function Plot(props: PlotProps) {
  const { lines, perSecond, height = 160, title } = props
  const { theme, isUtc } = useAppState()
  const place = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot | undefined>(undefined)
  const latest = useLatest(props)
  const { digits, sync, leastSpan, hasPoints } = props
  // A label that is not shown makes no plot anew: it may come while a period is being dragged.
  const told = props.hasLegend === false ? lines.map(({ label: _, ...line }) => line) : lines
  const key = JSON.stringify([told, height, theme, isUtc, digits, sync, leastSpan, hasPoints])

  useEffect(() => {
    const empty = [[], ...latest.current.lines.map(() => [])] as AlignedData
    const made = new uPlot(optionsOf(latest, theme, isUtc), empty, place.current!)
    plot.current = made
    const observer = new ResizeObserver(([entry]) => {
      const width = Math.floor(entry!.contentRect.width)
      if (width > 0 && width !== made.width) made.setSize({ width, height })
    })
    observer.observe(place.current!)
    const endTouch = latest.current.onSelect ? selectByTouch(made) : undefined
    return () => {
      endTouch?.()
      observer.disconnect()
      made.destroy()
    }
  }, [key])

  const draw = (): void => {
    const [min, max] = latest.current.period()
    const data = latest.current.data()
    plot.current?.batch((u: uPlot) => {
      u.setData(data, false)
      u.setScale('x', { min, max })
      // Without a cursor, the legend tells the newest.
      const { hasLegend = true } = latest.current
      if (hasLegend && (u.cursor.left ?? -1) < 0 && data[0].length > 0) u.setLegend({ idx: data[0].length - 1 }, false)
    })
  }
  useEffect(() => (perSecond > 0 ? everyTick(perSecond, draw, true) : undefined), [perSecond])
  useEffect(() => (perSecond > 0 ? undefined : onceSoon(draw, true)))
  return <div class={props.onSelect ? 'plot selectable' : 'plot'} role="img" aria-label={title} ref={place} />
}

function optionsOf(props: { readonly current: PlotProps }, theme: 'light' | 'dark', isUtc: boolean): Options {
  const {
    lines,
    height = 160,
    digits = 3,
    sync,
    leastSpan = 0,
    onSelect,
    perSecond,
    hasLegend = true,
    hasPoints = false,
  } = props.current
  const style = getComputedStyle(document.documentElement)
  const ink = style.getPropertyValue('--ink')
  const grid = { stroke: style.getPropertyValue('--line'), width: 1 }
  const axis = { stroke: ink, grid, ticks: grid, font: '12px system-ui, sans-serif' }
  return {
    width: WIDTH_PX,
    height,
    pxAlign: 0,
    padding: [8, PLOT_RIGHT_PX, 0, 0],
    legend: { live: true, show: hasLegend },
    cursor: {
      drag: { x: onSelect !== undefined, y: false, setScale: false },
      // A period is chosen in one plot, and told once.
      ...(sync !== undefined && { sync: { key: sync, filters: { pub: (type) => !/^mouse(down|up)$/.test(type) } } }),
    },
    scales: {
      x: { time: false, auto: false },
      y: {
        range: (_plot, min, max) => {
          if (min === null || max === null) return [0, 1]
          const pad = Math.max((max - min) * 0.08, (leastSpan - (max - min)) / 2, 1e-9)
          return [min - pad, max + pad]
        },
      },
    },
    axes: [
      {
        ...axis,
        incrs: TIME_STEPS_S,
        values: (_plot, ticks) => timeLabels(ticks, isUtc),
        space: 90,
      },
      {
        ...axis,
        size: PLOT_LEFT_PX,
        values: (_plot, ticks) => ticks.map((tick) => signed(String(Number(tick.toPrecision(9))))),
      },
    ],
    series: [
      { label: 'time', value: (_plot, seconds) => (seconds === null ? '–' : time(seconds, isUtc, 3)) },
      ...lines.map(({ label, unit, colour }, at) => ({
        label,
        stroke: lineColour(colour ?? at, theme),
        ...(lineDash(colour ?? at) && { dash: lineDash(colour ?? at)! }),
        width: perSecond > 0 ? LIVE_LINE_PX : LINE_PX,
        points: {
          show: hasPoints && isSparse,
          size: POINT_PX,
          fill: lineColour(colour ?? at, theme),
        },
        spanGaps: false,
        // uPlot's own draws of many values the least and the greatest of a pixel, as often as live ones need it.
        // It has no short gaps, though, and so no end where an angle goes over ±180°.
        ...((perSecond === 0 || unit === '°') && { paths: pathOf(unit === '°') }),
        value: (plot: uPlot, value: number | null | undefined, series: number, idx: number | null) => {
          const told = value === undefined && idx !== null ? lastDue(plot.data[series]!, idx) : value
          return told === null || told === undefined ? '–' : withUnit(told, digits, unit)
        },
      })),
    ],
    hooks: {
      setCursor: [
        (plot) => {
          const { left = -1 } = plot.cursor
          props.current.onCursor?.(left < 0 ? undefined : plot.posToVal(left, 'x'))
        },
      ],
      setSelect: [
        (plot) => {
          const { left, width } = plot.select
          plot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false)
          if (width < 4) return
          props.current.onSelect?.(plot.posToVal(left, 'x'), plot.posToVal(left + width, 'x'))
        },
      ],
    },
  }
}

/** Samples are so far apart, in pixels, that each can be seen. */
function isSparse(plot: uPlot, _line: number, first: number, last: number): boolean {
  return last - first < plot.over.clientWidth / SPARSE_PX
}

/** Lines of several rates are joined: at most times nothing is due of a slow one, and what it said last holds. */
function lastDue(values: AlignedData[number], at: number): number | null | undefined {
  for (let place = at; place >= 0; place--) if (values[place] !== undefined) return values[place]
  return undefined
}

/** What times are told in: 1, 2, 5 of what is less than a second, then as clocks have it. */
const TIME_STEPS_S = [
  ...[1e-4, 1e-3, 1e-2, 1e-1].flatMap((size) => [size, 2 * size, 5 * size]),
  ...[1, 2, 5, 10, 15, 30],
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * 60),
  ...[1, 2, 3, 6, 12, 24, 48, 168, 336, 720, 1440].map((hours) => hours * 3600),
]

/** The day stands under the first of each. */
function timeLabels(ticks: readonly number[], isUtc: boolean): string[] {
  const step = (ticks[1] ?? 0) - (ticks[0] ?? 0)
  const digits = step >= 1 ? 0 : step >= 1e-3 ? 3 : 4
  let before = ''
  return ticks.map((tick) => {
    const today = day(tick, isUtc)
    const isNew = today !== before
    before = today
    return `${clock(tick, isUtc, digits)}${isNew ? `\n${today}` : ''}`
  })
}

const pathOf =
  (isAngle: boolean): Series.PathBuilder =>
  (plot, line, first, last) => {
    const stroke = new Path2D()
    const points = { times: plot.data[0], values: plot.data[line]!, first, last, isAngle }
    const xOf = (time: number): number => plot.valToPos(time, 'x', true)
    drawLine(stroke, points, xOf, (value) => plot.valToPos(value, 'y', true))
    return { stroke, flags: 0 }
  }
