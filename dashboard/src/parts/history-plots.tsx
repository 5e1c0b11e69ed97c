/** A plot for each unit, and under it what its lines are, and their values at the cursor. */
import { useEffect, useMemo, useReducer } from 'preact/hooks'
import uPlot, { type AlignedData } from 'uplot'
import { useAppState } from '../app-state.ts'
import type { Seen } from '../history/ask.ts'
import type { Cursor } from '../history/cursor.ts'
import { labelOf, type Stations } from '../history/labels.ts'
import type { Period } from '../history/period.ts'
import { drawnOf, type Group, groupsOf, sampleAt, type Trace, timesOf } from '../history/series.ts'
import { useTicks } from '../scene/use.ts'
import { time, withUnit } from './format.ts'
import { LineSwatch } from './line-swatch.tsx'
import { Plot } from './plot.tsx'

const SYNC = 'history'

interface Props {
  readonly seen: Seen
  /** As it is now: of `seen`, or of what is asked for. */
  readonly period: Period
  readonly cursor: Cursor
  readonly stations: Stations
  readonly onSelect: (period: Period) => void
  readonly onRemove: (trace: Trace) => void
}

export function HistoryPlots({ seen, period, cursor, stations, onSelect, onRemove }: Props) {
  const groups = useMemo(() => groupsOf(seen.traces), [seen])
  return (
    <>
      {groups.map((group) => (
        <section key={group.quantity.unit}>
          <h2>
            {group.quantity.title} {group.quantity.shown !== '' && <span class="quiet">{group.quantity.shown}</span>}
          </h2>
          <GroupPlot group={group} period={period} cursor={cursor} stations={stations} onSelect={onSelect} />
          <Values group={group} cursor={cursor} stations={stations} onRemove={onRemove} />
        </section>
      ))}
      <CursorSlider seen={seen} cursor={cursor} />
    </>
  )
}

function GroupPlot({
  group: { quantity, traces },
  period,
  cursor,
  stations,
  onSelect,
}: Pick<Props, 'period' | 'cursor' | 'stations' | 'onSelect'> & { readonly group: Group }) {
  const { scene } = useAppState()
  const data = useMemo((): AlignedData => {
    const drawn = traces.map((trace) => drawnOf(trace, quantity.factor) as unknown as AlignedData)
    return uPlot.join(drawn)
  }, [traces])
  return (
    <div class="under-playhead">
      <Plot
        title={quantity.title}
        lines={traces.map((trace) => ({ label: labelOf(trace.channel, stations), unit: quantity.shown }))}
        data={() => data}
        period={() => [period.fromUs / 1e6, period.toUs / 1e6]}
        perSecond={0}
        height={200}
        digits={quantity.digits}
        leastSpan={quantity.leastSpan}
        sync={SYNC}
        hasLegend={false}
        hasPoints={traces.every(({ isRaw }) => isRaw)}
        onSelect={(fromS, toS) => onSelect({ fromUs: Math.floor(fromS * 1e6), toUs: Math.ceil(toS * 1e6) })}
        onCursor={(atS) => cursor.move(atS === undefined ? undefined : atS * 1e6)}
      />
      {scene.kind === 'playback' && <Playhead period={period} />}
    </div>
  )
}

/** Where it plays, on the plot. */
function Playhead({ period: { fromUs, toUs } }: { readonly period: Period }) {
  const { scene } = useAppState()
  useTicks(10)
  const at = (scene.nowS * 1e6 - fromUs) / (toUs - fromUs)
  return at < 0 || at > 1 ? null : <div class="playhead" style={{ '--at': at }} />
}

function useCursor(cursor: Cursor): number | undefined {
  const [, render] = useReducer((count: number) => count + 1, 0)
  useEffect(() => cursor.watch(() => render(undefined)), [cursor])
  return cursor.atUs
}

function Values({
  group: { quantity, traces },
  cursor,
  stations,
  onRemove,
}: Pick<Props, 'cursor' | 'stations' | 'onRemove'> & { readonly group: Group }) {
  const { scene, isUtc } = useAppState()
  const isPlayed = scene.kind === 'playback'
  useTicks(isPlayed ? 5 : 0)
  const atUs = useCursor(cursor) ?? (isPlayed ? scene.nowS * 1e6 : undefined)
  return (
    <div class="scroll">
      <table class="values" aria-label={`${quantity.title} at the cursor`}>
        <tbody>
          {traces.map((trace, n) => {
            const sample = sampleAt(trace, atUs ?? trace.timesUs.at(-1) ?? 0)
            const value = sample?.value ?? null
            const label = labelOf(trace.channel, stations)
            return (
              <tr
                key={`${trace.channel.stream}|${trace.channel.id}`}
                data-stream={trace.channel.stream}
                data-channel={trace.channel.id}
                data-raw={trace.isRaw}
                data-samples={trace.timesUs.length}
                data-time-us={sample?.timeUs}
                data-value={value}
              >
                <td title={trace.channel.stream}>
                  <LineSwatch n={n} /> {label}
                </td>
                <td class="number">
                  {value === null ? '–' : withUnit(value * quantity.factor, quantity.digits, quantity.shown)}
                </td>
                <td class="number quiet wide-only">{sample ? time(sample.timeUs / 1e6, isUtc, 3) : ''}</td>
                <td class="number">
                  <button type="button" aria-label={`remove ${label}`} onClick={() => onRemove(trace)}>
                    ×
                  </button>
                </td>
              </tr>
            )
          })}
        </tbody>
      </table>
    </div>
  )
}

/** Moves the cursor from sample to sample, by keys or a finger. */
function CursorSlider({ seen, cursor }: { readonly seen: Seen; readonly cursor: Cursor }) {
  const { isUtc } = useAppState()
  const times = useMemo(() => timesOf(seen.traces), [seen])
  const atUs = useCursor(cursor)
  if (times.length === 0) return null
  const place = atUs === undefined ? times.length - 1 : nearest(times, atUs)
  const move = (to: number): void => {
    const timeUs = times[to]!
    for (const plot of uPlot.sync(SYNC).plots)
      plot.setCursor({ left: plot.valToPos(timeUs / 1e6, 'x'), top: -1 }, false)
    cursor.move(timeUs)
  }
  return (
    <label class="cursor">
      cursor{' '}
      <input
        type="range"
        min="0"
        max={times.length - 1}
        value={place}
        aria-valuetext={time(times[place]! / 1e6, isUtc, 6)}
        onInput={({ currentTarget }) => move(Number(currentTarget.value))}
      />
      <time>{time(times[place]! / 1e6, isUtc, 6)}</time>
    </label>
  )
}

function nearest(times: readonly number[], atUs: number): number {
  let [low, high] = [0, times.length - 1]
  while (low < high) {
    const middle = (low + high) >> 1
    if (times[middle]! < atUs) low = middle + 1
    else high = middle
  }
  return low > 0 && atUs - times[low - 1]! < times[low]! - atUs ? low - 1 : low
}
