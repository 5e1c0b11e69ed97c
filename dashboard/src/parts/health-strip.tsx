import { HISTORY_S, type PendingHistory } from '../health/pending-history.ts'
import { stripPath } from '../health/strip-path.ts'
import { count } from './format.ts'

const BOX = { width: 600, height: 40, spanS: HISTORY_S }

/** Pending frames of a stream over the last ten minutes. */
export function PendingStrip({ history, topic }: { readonly history: PendingHistory; readonly topic: string }) {
  const nowS = Date.now() / 1000
  const points = history.of(topic).filter(([timeS]) => nowS - timeS <= HISTORY_S)
  const counts = points.map(([, pending]) => pending).filter((pending) => !Number.isNaN(pending))
  const most = counts.reduce((sum, pending) => Math.max(sum, pending), 0)
  const words = `${count(counts.at(-1) ?? 0)} pending, ${count(most)} at most`
  return (
    <figure class="strip">
      <svg
        viewBox={`0 -2 ${BOX.width} ${BOX.height + 4}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`over the last ten minutes: ${words}`}
      >
        <line x1="0" x2={BOX.width} y1={BOX.height} y2={BOX.height} class="base" />
        <path d={stripPath(points, nowS, most, BOX)} />
      </svg>
      <figcaption>
        <span>−10 min</span>
        <span data-most-pending={most}>{counts.length === 0 ? 'nothing told yet' : words}</span>
        <span>now</span>
      </figcaption>
    </figure>
  )
}
