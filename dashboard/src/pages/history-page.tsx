/** What was: any channels over any period, down to the sample, with what was striking and what is missing. */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { getStreams } from '../api/client.ts'
import { useAppState } from '../app-state.ts'
import { ask, type Seen } from '../history/ask.ts'
import { Cursor } from '../history/cursor.ts'
import { type Stations, stationsAt } from '../history/labels.ts'
import { bounded, durationOf, isoOf, lastOf, lengthUs, type Period, presets } from '../history/period.ts'
import { beginOf } from '../history/series.ts'
import { queryOf, sameChannel, usualChannels, type View, viewOf } from '../history/view.ts'
import { HistoryChannels } from '../parts/history-channels.tsx'
import { HistoryCompleteness } from '../parts/history-completeness.tsx'
import { askEvents, HistoryEvents } from '../parts/history-events.tsx'
import { HistoryExport } from '../parts/history-export.tsx'
import { HistoryPeriod } from '../parts/history-period.tsx'
import { HistoryPlots } from '../parts/history-plots.tsx'
import { type Answer, useAnswer } from '../parts/use-answer.ts'
import { currentPlayback, startPlayback } from '../playback/start.ts'
import { pushQuery, replaceQuery } from '../route.ts'
import './history-page.css'

const noStations: Stations = new Map()

/** A new width is worth new values from such a change on. */
const WIDTH_STEP_PX = 100

export function HistoryPage({ query }: { readonly query: URLSearchParams }) {
  const view = viewOf(query)
  const isNew = view.period === undefined
  const opened = useMemo(() => currentPlayback()?.period ?? lastOf(presets[0].us, Date.now() * 1000), [isNew])
  const period = view.period ?? opened
  useEffect(() => {
    if (isNew) replaceQuery('history', queryOf({ ...view, period }))
  }, [isNew])
  const streams = useAnswer('streams', getStreams)
  const channels = view.channels ?? usualChannels(streams.value ?? [])
  const topics = [...new Set(channels.map(({ stream }) => stream))]
  const place = useRef<HTMLDivElement>(null)
  const width = useWidth(place)
  const cursor = useMemo(() => new Cursor(), [])
  const moment = `${period.fromUs} ${period.toUs}`
  const key = JSON.stringify([channels, moment, width])
  const seen = useAnswer(key, (signal) => ask(channels, period, width, signal))
  const told = useAnswer(JSON.stringify([moment, topics, view.events]), (signal) =>
    askEvents(topics, view.events, period, signal),
  )
  const stations = useAnswer(JSON.stringify([topics, period.toUs]), (signal) => stationsAt(topics, period.toUs, signal))
  const change = (changes: Partial<View>): void => pushQuery('history', queryOf({ ...view, period, ...changes }))
  const show = (next: Period): void => change({ period: bounded(next) })
  const play = (): void => {
    // What is on the screen comes first: where there are many, not all of them are played.
    const all = [...topics, ...(streams.value ?? []).map(({ stream }) => stream)]
    startPlayback(period, all, seen.isOld ? undefined : beginOf(seen.value?.traces ?? []))
  }
  return (
    <>
      <HistoryPeriod period={period} cursorUs={() => cursor.atUs} onChange={show} />
      <HistoryChannels
        streams={streams.value ?? []}
        chosen={channels}
        onChange={(chosen) => change({ channels: chosen })}
      />
      {streams.trouble !== undefined && <p class="bad">Streams are not told: {streams.trouble}</p>}
      {streams.value?.length === 0 && <p>Nothing is stored yet.</p>}
      <div class="row">
        <button type="button" class="main" onClick={play} disabled={!streams.value}>
          ▶ play
        </button>
        <Fineness seen={seen} period={period} />
        {seen.value && (
          <HistoryExport
            seen={seen.value}
            stations={stations.value ?? noStations}
            plots={() => [...place.current!.querySelectorAll('canvas')]}
          />
        )}
      </div>
      {[...(seen.value?.troubles ?? []), ...(seen.trouble === undefined ? [] : [seen.trouble])].map((trouble) => (
        <p key={trouble} class="bad" role="alert">
          {trouble}
        </p>
      ))}
      <div ref={place} aria-busy={seen.isUnderWay}>
        {seen.value && (
          <HistoryPlots
            seen={seen.value}
            period={period}
            cursor={cursor}
            stations={stations.value ?? noStations}
            onSelect={show}
            onRemove={({ channel }) => change({ channels: channels.filter((each) => !sameChannel(each, channel)) })}
          />
        )}
      </div>
      <HistoryCompleteness streams={topics} period={period} events={told.value?.events ?? []} onChoose={show} />
      <HistoryEvents told={told} choice={view.events} onChange={(events) => change({ events })} onChoose={show} />
    </>
  )
}

/** How fine it is: whether every sample is there. */
function Fineness({ seen, period }: { readonly seen: Answer<Seen>; readonly period: Period }) {
  const { isUtc } = useAppState()
  const { value, isUnderWay, trouble } = seen
  const isThis = value?.period.fromUs === period.fromUs && value.period.toUs === period.toUs
  const isRaw = value?.traces.every((trace) => trace.isRaw) ?? false
  const words = (): string => {
    if (!value || !isThis) return isUnderWay ? 'asking…' : ''
    const samples = value.traces.reduce((sum, { timesUs }) => sum + timesUs.length, 0)
    if (samples === 0) return value.troubles.length > 0 ? '' : '· nothing is stored of it'
    return isRaw ? '· every sample' : '· least and greatest of each part: zoom in for every sample'
  }
  return (
    <span
      role="status"
      data-fineness={trouble !== undefined ? 'unknown' : !isThis || isUnderWay ? 'asking' : isRaw ? 'raw' : 'parts'}
      data-period={`${isoOf(period.fromUs)}/${isoOf(period.toUs)}`}
      data-utc={isUtc}
    >
      <b>{durationOf(lengthUs(period))}</b> {words()}
    </span>
  )
}

function useWidth(place: { readonly current: HTMLElement | null }): number {
  const [width, setWidth] = useState(0)
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) =>
      setWidth(Math.ceil(entry!.contentRect.width / WIDTH_STEP_PX) * WIDTH_STEP_PX),
    )
    observer.observe(place.current!)
    return () => observer.disconnect()
  }, [])
  return width
}
