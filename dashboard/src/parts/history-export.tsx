/** What is seen, as files: the values, the picture, the frames behind them. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { request, token, urlOf } from '../api/client.ts'
import { framesQuery, MAX_FRAMES_US } from '../api/frames.ts'
import { useAppState } from '../app-state.ts'
import type { Seen } from '../history/ask.ts'
import { labelOf, type Stations } from '../history/labels.ts'
import { lengthUs, type Period } from '../history/period.ts'
import { type PicturePlot, pictureOf } from '../history/picture.ts'
import { fileName, save, saveDrawn, saveEverySample } from '../history/save.ts'
import { groupsOf } from '../history/series.ts'
import { lineColour, lineDash } from './colours.ts'
import { shortName, time } from './format.ts'

interface Props {
  readonly seen: Seen
  readonly stations: Stations
  readonly plots: () => readonly HTMLCanvasElement[]
}

export function HistoryExport({ seen, stations, plots }: Props) {
  const { isUtc, theme } = useAppState()
  const [state, setState] = useState('')
  const leaving = useRef(new AbortController())
  useEffect(() => () => leaving.current.abort(), [])
  const { period, traces } = seen
  const streams = [...new Set(traces.map(({ channel }) => channel.stream))]
  const isRaw = traces.every((trace) => trace.isRaw)
  const isLong = lengthUs(period) > MAX_FRAMES_US
  const attempt = (what: string, work: (progress: (part: number) => void) => Promise<void>) => (): void => {
    setState(`${what}…`)
    work((part) => setState(`${what}: ${Math.floor(100 * part)} %…`)).then(
      () => setState(''),
      (error: unknown) => setState(`${what}: ${error instanceof Error ? error.message : String(error)}`),
    )
  }
  const picture = async (): Promise<void> => {
    const canvases = plots()
    const of = groupsOf(traces).map(({ quantity, traces: lines }, at): PicturePlot => {
      const colours = lines.map((trace, n) => ({
        label: labelOf(trace.channel, stations),
        colour: lineColour(n, theme),
        dash: lineDash(n) ?? [],
      }))
      return { title: `${quantity.title} ${quantity.shown}`, canvas: canvases[at]!, lines: colours }
    })
    const style = getComputedStyle(document.documentElement)
    const told = [period.fromUs, period.toUs].map((us) => time(us / 1e6, isUtc, 3)).join(' … ')
    const head = `${told} ${isUtc ? 'UTC' : 'local time'}`
    const [paper, ink] = [style.getPropertyValue('--paper'), style.getPropertyValue('--ink')]
    save(await pictureOf(head, of, paper, ink), fileName('history', period, 'png'))
  }
  return (
    <div class="row exports">
      <fieldset class="buttons" aria-label="save what is seen">
        {(isRaw || !isLong) && (
          <button
            type="button"
            disabled={traces.length === 0}
            onClick={attempt('CSV', (progress) =>
              isRaw ? saveDrawn(traces, period) : saveEverySample(traces, period, leaving.current.signal, progress),
            )}
            title="every value of the period, in V, A, rad and Hz"
          >
            CSV: every sample
          </button>
        )}
        {!isRaw && (
          <button
            type="button"
            onClick={attempt('CSV', () => saveDrawn(traces, period))}
            title="what is drawn: the least and the greatest of each part of the period, in V, A, rad and Hz"
          >
            CSV: least and greatest
          </button>
        )}
        <button type="button" disabled={traces.length === 0} onClick={attempt('picture', picture)}>
          PNG
        </button>
      </fieldset>
      {isLong ? (
        <span class="quiet">{isRaw ? 'Frames' : 'Every sample, and frames,'} are given of up to 26 hours at once.</span>
      ) : (
        <fieldset class="buttons" aria-label="save frames, as they came (C37.118.2)">
          {streams.map((stream) => (
            <Frames key={stream} stream={stream} period={period} leaving={leaving.current.signal} attempt={attempt} />
          ))}
        </fieldset>
      )}
      <span class="quiet" role="status">
        {state}
      </span>
    </div>
  )
}

interface FramesProps {
  readonly stream: string
  readonly period: Period
  readonly leaving: AbortSignal
  readonly attempt: (what: string, work: () => Promise<void>) => () => void
}

function Frames({ stream, period, leaving, attempt }: FramesProps) {
  const query = framesQuery(stream, period.fromUs, period.toUs)
  const name = fileName(stream, period, 'c37')
  const title = `frames ${shortName(stream)}`
  // A browser saves a link as it comes; it would not send the token.
  if (token.get() === undefined)
    return (
      <a class="button" href={urlOf('frames', query)} download={name}>
        {title}
      </a>
    )
  const work = async (): Promise<void> => save(await (await request('frames', query, leaving)).blob(), name)
  return (
    <button type="button" onClick={attempt(title, work)}>
      {title}
    </button>
  )
}
