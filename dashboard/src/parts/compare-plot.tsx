/** All that is compared of one unit. */
import { useRef } from 'preact/hooks'
import type { AlignedData } from 'uplot'
import { appState } from '../app-state.ts'
import { type PlotGroup, seriesOf } from '../compare/plot-groups.ts'
import { type ChannelRef, refText } from '../scene/channel-ref.ts'
import { KEPT_S } from '../scene/measurement-buffer.ts'
import type { Series } from '../scene/series.ts'
import { thinned } from '../scene/thinned.ts'
import { Plot } from './plot.tsx'

const PER_SECOND = 8
/** Values of a plot, all its lines together: more take a browser without a graphics card too long. */
const MAX_DRAWN = 12_000

interface Props {
  readonly group: PlotGroup
  readonly against: ChannelRef | undefined
  readonly windowS: number
  /** When the drawing was stopped. */
  readonly frozenS: number | undefined
  /** What was drawn last, for the table. */
  readonly onDrawn: (series: Series) => void
}

export function ComparePlot({ group, against, windowS, frozenS, onDrawn }: Props) {
  const frozen = useRef<{ readonly key: string; readonly series: Series } | undefined>(undefined)

  const read = (): Series => {
    const { scene } = appState()
    if (frozenS === undefined) {
      frozen.current = undefined
      return seriesOf(scene, group, against, scene.nowS - windowS - 1)
    }
    // All that is kept: a longer window may be wanted of it.
    const key = [frozenS, against && refText(against), ...group.lines.map(refText)].join(' ')
    if (frozen.current?.key !== key)
      frozen.current = { key, series: seriesOf(scene, group, against, frozenS - KEPT_S - 1) }
    return frozen.current.series
  }
  const data = (): AlignedData => {
    const series = read()
    onDrawn(series)
    const { times, values } = thinned(series, MAX_DRAWN)
    return [times, ...values] as AlignedData
  }
  const title = titleOf(group, against)
  return (
    <section>
      <h2>{title}</h2>
      <Plot
        title={`${title}: ${group.lines.map(({ label }) => label).join(', ')}`}
        lines={group.lines.map(({ label }) => ({ label, unit: group.unit }))}
        data={data}
        period={() => {
          const toS = frozenS ?? appState().scene.nowS
          return [toS - windowS, toS]
        }}
        perSecond={frozenS === undefined ? PER_SECOND : 0}
        height={220}
        digits={group.digits}
        leastSpan={group.leastSpan}
        sync="compare"
      />
    </section>
  )
}

export function titleOf({ of, title, unit }: PlotGroup, against: ChannelRef | undefined): string {
  const name = of === 'rad' && against ? 'Angle difference' : title
  return unit === '' ? name : `${name}, ${unit}`
}
