/** Any channels of any PMUs side by side: one plot for each unit, under one cursor. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { useAppState } from '../app-state.ts'
import { allFrequencies, allVoltageAngles, toggled } from '../compare/choices.ts'
import { groupsOf, MAX_LINES, type PlotGroup } from '../compare/plot-groups.ts'
import { ComparePicker } from '../parts/compare-picker.tsx'
import { ComparePlot } from '../parts/compare-plot.tsx'
import { CompareTable } from '../parts/compare-table.tsx'
import { clock, shortName } from '../parts/format.ts'
import { LineSwatch } from '../parts/line-swatch.tsx'
import { ReferencePicker } from '../parts/reference-picker.tsx'
import { replaceQuery } from '../route.ts'
import { type ChannelRef, refOf, refText } from '../scene/channel-ref.ts'
import type { Series } from '../scene/series.ts'
import { useTicks } from '../scene/use.ts'
import './compare-page.css'

const WINDOWS_S = [10, 30, 60]

export function ComparePage({ query }: { readonly query: URLSearchParams }) {
  const { scene, isUtc } = useAppState()
  useTicks(1)
  const [opened, setOpened] = useState<readonly string[]>([])
  const [frozenS, setFrozenS] = useState<number | undefined>(undefined)
  const drawn = useRef(new Map<string, { readonly key: string; readonly series: Series }>())
  useEffect(() => setFrozenS(undefined), [scene])

  const all = query.getAll('c').flatMap((text) => refOf(text) ?? [])
  const chosen = all.slice(0, MAX_LINES)
  const against = refOf(query.get('against') ?? '')
  const windowS = WINDOWS_S.find((each) => `${each}` === query.get('window')) ?? 30
  const { groups, absent } = groupsOf(scene, chosen)
  const followed = new Set([...chosen.map(({ stream }) => stream), ...opened, ...(against ? [against.stream] : [])])

  const show = (refs: readonly ChannelRef[], changes: Readonly<Record<string, string | undefined>> = {}): void =>
    replaceQuery('compare', {
      c: refs.map(refText),
      against: against && refText(against),
      window: windowS === 30 ? undefined : `${windowS}`,
      ...changes,
    })
  return (
    <>
      <h1>Compare</h1>
      {[...followed].map((topic) => (
        <Followed key={topic} topic={topic} />
      ))}
      <div class="row">
        <ComparePicker
          chosen={chosen}
          isFull={chosen.length >= MAX_LINES}
          onToggle={(ref) => show(toggled(chosen, ref))}
          onOpenStream={(topic) => setOpened((before) => [...before.slice(-3), topic])}
        />
        <ReferencePicker
          value={against ? refText(against) : ''}
          onChange={(value) => show(chosen, { against: value === '' ? undefined : value })}
        />
      </div>
      <div class="row">
        <button type="button" onClick={() => show(allFrequencies(scene.streams))}>
          frequencies of all PMUs
        </button>
        <button
          type="button"
          onClick={() => {
            const angles = allVoltageAngles(scene.streams)
            show(angles, { against: angles[0] && refText(angles[0]) })
          }}
        >
          voltage angles of all against the first
        </button>
        <fieldset class="segments">
          <legend>window</legend>
          {WINDOWS_S.map((each) => (
            <button
              key={each}
              type="button"
              aria-pressed={each === windowS}
              onClick={() => show(chosen, { window: `${each}` })}
            >
              {each} s
            </button>
          ))}
        </fieldset>
        <button
          type="button"
          aria-pressed={frozenS !== undefined}
          onClick={() => setFrozenS(frozenS === undefined ? scene.nowS : undefined)}
        >
          {frozenS === undefined ? '❚❚ pause' : `▶ go on (paused at ${clock(frozenS, isUtc)})`}
        </button>
      </div>
      {all.length > MAX_LINES && (
        <p class="bad" role="status">
          {`The first ${MAX_LINES} of ${all.length} channels are shown: more cannot be told apart.`}
        </p>
      )}
      <Chips groups={groups} absent={absent} onRemove={(ref) => show(toggled(chosen, ref))} onClear={() => show([])} />
      {chosen.length === 0 && (
        <p class="quiet">
          Nothing is chosen yet. Add channels above, or take all frequencies or angles with one click. The address of
          this page keeps what is chosen.
        </p>
      )}
      {groups.map((group) => (
        <ComparePlot
          key={group.of}
          group={group}
          against={against}
          windowS={windowS}
          frozenS={frozenS}
          onDrawn={(series) => drawn.current.set(group.of, { key: keyOf(group, against), series })}
        />
      ))}
      {groups.length > 0 && (
        <CompareTable
          groups={groups}
          drawn={(group) => {
            const known = drawn.current.get(group.of)
            return known?.key === keyOf(group, against) ? known.series : undefined
          }}
          windowS={windowS}
          frozenS={frozenS}
        />
      )}
    </>
  )
}

/** What was drawn for other lines is not told as these. */
const keyOf = ({ lines }: PlotGroup, against: ChannelRef | undefined): string =>
  [against && refText(against), ...lines.map(refText)].join(' ')

/** As long as it is rendered. */
function Followed({ topic }: { readonly topic: string }) {
  const { scene } = useAppState()
  useEffect(() => scene.follow(topic), [scene, topic])
  return null
}

interface ChipsProps {
  readonly groups: readonly PlotGroup[]
  readonly absent: readonly ChannelRef[]
  readonly onRemove: (ref: ChannelRef) => void
  readonly onClear: () => void
}

function Chips({ groups, absent, onRemove, onClear }: ChipsProps) {
  if (groups.length + absent.length === 0) return null
  return (
    <ul class="chips" aria-label="chosen channels">
      {groups.flatMap((group) =>
        group.lines.map((line, n) => (
          <li key={refText(line)}>
            <button
              type="button"
              title={line.stream}
              aria-label={`take out ${line.label}`}
              onClick={() => onRemove(line)}
            >
              <LineSwatch n={n} /> {line.label} <span aria-hidden="true">✕</span>
            </button>
          </li>
        )),
      )}
      {absent.map((ref) => (
        <li key={refText(ref)}>
          <button
            type="button"
            title={ref.stream}
            aria-label={`take out ${refText(ref)}`}
            onClick={() => onRemove(ref)}
          >
            {shortName(ref.stream)} {ref.channel} <span class="bad">not heard</span> <span aria-hidden="true">✕</span>
          </button>
        </li>
      ))}
      <li>
        <button type="button" onClick={onClear}>
          take out all
        </button>
      </li>
    </ul>
  )
}
