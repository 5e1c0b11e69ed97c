/** The numbers of what is drawn. */
import { useAppState } from '../app-state.ts'
import type { CompareLine, PlotGroup } from '../compare/plot-groups.ts'
import { angleStatisticsOf, type LineStatistics, statisticsOf } from '../compare/statistics.ts'
import { refText } from '../scene/channel-ref.ts'
import type { SceneStream } from '../scene/scene.ts'
import type { Series } from '../scene/series.ts'
import { useTicks } from '../scene/use.ts'
import { absent, withUnit } from './format.ts'
import { LineSwatch } from './line-swatch.tsx'

interface Props {
  readonly groups: readonly PlotGroup[]
  /** What was drawn of them. */
  readonly drawn: (group: PlotGroup) => Series | undefined
  readonly windowS: number
  readonly frozenS: number | undefined
}

export function CompareTable({ groups, drawn, windowS, frozenS }: Props) {
  const { scene } = useAppState()
  useTicks(2)
  const toS = frozenS ?? scene.nowS
  return (
    <div class="scroll">
      <table class="compare-table">
        <caption class="quiet">
          {`The newest, least, greatest and mean values of the ${windowS} s that are drawn${frozenS === undefined ? '' : ', paused'}`}
        </caption>
        <thead>
          <tr>
            <th>channel</th>
            <th class="number">newest</th>
            <th class="number">min</th>
            <th class="number">max</th>
            <th class="number">mean</th>
          </tr>
        </thead>
        <tbody>
          {groups.flatMap((group) =>
            group.lines.map((line, n) => (
              <Row
                key={refText(line)}
                line={line}
                n={n}
                group={group}
                stream={scene.find(line.stream)}
                statistics={ofLine(group, n, drawn(group), toS - windowS, toS)}
              />
            )),
          )}
        </tbody>
      </table>
    </div>
  )
}

function ofLine(group: PlotGroup, n: number, series: Series | undefined, fromS: number, toS: number): LineStatistics {
  const of = group.of === 'rad' ? angleStatisticsOf : statisticsOf
  return of(series?.times ?? [], series?.values[n] ?? [], fromS, toS)
}

interface RowProps {
  readonly line: CompareLine
  readonly n: number
  readonly group: PlotGroup
  readonly stream: SceneStream | undefined
  readonly statistics: LineStatistics
}

function Row({ line, n, group, stream, statistics }: RowProps) {
  const { newest, min, max, mean } = statistics
  const cells = { newest, min, max, mean }
  return (
    <tr data-line={refText(line)}>
      <th scope="row">
        <LineSwatch n={n} /> {line.label} {stream?.isOnline ? '' : <span class="bad">{absent(stream)}</span>}
      </th>
      {Object.entries(cells).map(([name, value]) => (
        <td key={name} class="number" data-of={name} data-value={value}>
          {Number.isFinite(value) ? withUnit(value, group.digits, group.unit) : '–'}
        </td>
      ))}
    </tr>
  )
}
