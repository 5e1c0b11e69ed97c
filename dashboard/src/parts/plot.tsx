/** A plot of quantities over time (uPlot). It draws when its turn comes, never more often than the page can follow. */
import { useEffect, useRef } from 'preact/hooks'
import uPlot, { type AlignedData, type Options } from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { useAppState } from '../app-state.ts'
import { everyTick } from '../scene/ticker.ts'
import { useLatest } from '../scene/use.ts'
import { lineColour, lineDash } from './colours.ts'
import { clock, time } from './format.ts'

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
  /** Of lines, in pixels: browsers draw many of one pixel far sooner. */
  readonly lineWidth?: number
  /** Plots of one key share their cursor. */
  readonly sync?: string
}

const WIDTH_PX = 600

export function Plot(props: PlotProps) {
  const { lines, perSecond, height = 160, title } = props
  const { theme, isUtc } = useAppState()
  const place = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot | undefined>(undefined)
  const latest = useLatest(props)
  const key = JSON.stringify([lines, height, theme, isUtc, props.digits, props.sync, props.leastSpan, props.lineWidth])

  useEffect(() => {
    const made = new uPlot(optionsOf(latest, theme, isUtc), latest.current.data(), place.current!)
    plot.current = made
    const observer = new ResizeObserver(([entry]) => {
      const width = Math.floor(entry!.contentRect.width)
      if (width > 0 && width !== made.width) made.setSize({ width, height })
    })
    observer.observe(place.current!)
    return () => {
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
      if ((u.cursor.left ?? -1) < 0 && data[0].length > 0) u.setLegend({ idx: data[0].length - 1 }, false)
    })
  }
  useEffect(() => (perSecond > 0 ? everyTick(perSecond, draw) : draw()))
  return <div class="plot" role="img" aria-label={title} ref={place} />
}

function optionsOf(props: { readonly current: PlotProps }, theme: 'light' | 'dark', isUtc: boolean): Options {
  const { lines, height = 160, digits = 3, sync, leastSpan = 0, lineWidth = 1.5, onSelect } = props.current
  const style = getComputedStyle(document.documentElement)
  const ink = style.getPropertyValue('--ink')
  const grid = { stroke: style.getPropertyValue('--line'), width: 1 }
  const axis = { stroke: ink, grid, ticks: grid, font: '12px system-ui, sans-serif' }
  return {
    width: WIDTH_PX,
    height,
    pxAlign: 0,
    legend: { live: true },
    cursor: {
      drag: { x: onSelect !== undefined, y: false, setScale: false },
      ...(sync !== undefined && { sync: { key: sync } }),
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
        values: (_plot, ticks) =>
          ticks.map((tick) => clock(tick, isUtc, (ticks[1] ?? 0) - (ticks[0] ?? 0) < 1 ? 3 : 0)),
        space: 90,
      },
      { ...axis, size: 64, values: (_plot, ticks) => ticks.map((tick) => String(Number(tick.toPrecision(9)))) },
    ],
    series: [
      { label: 'time', value: (_plot, seconds) => (seconds === null ? '–' : time(seconds, isUtc, 3)) },
      ...lines.map(({ label, unit, colour }, at) => ({
        label,
        stroke: lineColour(colour ?? at, theme),
        ...(lineDash(colour ?? at) && { dash: lineDash(colour ?? at)! }),
        width: lineWidth,
        points: { show: false },
        spanGaps: false,
        value: (plot: uPlot, value: number | null | undefined, series: number, idx: number | null) => {
          const told = value === undefined && idx !== null ? lastDue(plot.data[series]!, idx) : value
          return told === null || told === undefined ? '–' : `${told.toFixed(digits)} ${unit}`
        },
      })),
    ],
    hooks: {
      setSelect: [
        (plot) => {
          const { left, width } = plot.select
          if (width < 4) return
          props.current.onSelect?.(plot.posToVal(left, 'x'), plot.posToVal(left + width, 'x'))
          plot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false)
        },
      ],
    },
  }
}

/** Lines of several rates are joined: at most times nothing is due of a slow one, and what it said last holds. */
function lastDue(values: AlignedData[number], at: number): number | null | undefined {
  for (let place = at; place >= 0; place--) if (values[place] !== undefined) return values[place]
  return undefined
}
