/** The area at a glance: its one-line diagram, and what each PMU says. */
import { useRef } from 'preact/hooks'
import { getGrid } from '../api/grid.ts'
import { useAppState } from '../app-state.ts'
import { angleScale, diverging } from '../parts/colours.ts'
import { degrees, quantity, shortName } from '../parts/format.ts'
import { OneLineDiagram } from '../parts/one-line-diagram.tsx'
import { type Station, type Stations, stationsOf } from '../parts/station.ts'
import { useAnswer } from '../parts/use-answer.ts'
import { href, replaceQuery } from '../route.ts'
import { useTicks } from '../scene/use.ts'

/** Voltages further off than this part of what they should be have the strongest colour. */
const FAR = 0.1

export function GridPage({ query }: { readonly query: URLSearchParams }) {
  const { scene, theme } = useAppState()
  useTicks(5)
  const grid = useAnswer('grid', getGrid)
  const pmus = grid.value?.sites.flatMap((site) => site.pmus) ?? []
  const { stations, reference } = stationsOf(
    scene,
    pmus.map(({ topic }) => topic),
  )
  const nominal = grid.value?.network?.nominal_v
  const isOfAngle = query.get('colour') === 'angle'
  const farDegrees = useAngleScale(stations)
  const partOf = ({ voltage, usualVoltage, angle }: Station): number =>
    isOfAngle ? degrees(angle) / farDegrees : (voltage / (nominal ?? usualVoltage) - 1) / FAR
  const colour = (station: Station): string => (station.isOnline ? diverging(partOf(station), theme) : 'var(--paper)')
  const online = stations.filter(({ isOnline }) => isOnline).length
  return (
    <>
      <h1>{grid.value?.area ?? stations[0]?.topic.split('/')[0] ?? 'Grid'}</h1>
      <p class="row">
        <span>
          <b>{online}</b> of <b>{stations.length}</b> PMUs online
        </span>
        <label>
          colour{' '}
          <select
            aria-label="colour"
            value={isOfAngle ? 'angle' : 'voltage'}
            onChange={({ currentTarget: { value } }) =>
              replaceQuery('grid', { colour: value === 'angle' ? value : undefined })
            }
          >
            <option>voltage</option>
            <option>angle</option>
          </select>
        </label>
        <Legend
          of={
            isOfAngle
              ? `angle −${farDegrees}° … +${farDegrees}° against ${reference?.name ?? 'the first PMU online'}`
              : `voltage −${FAR * 100} % … +${FAR * 100} % of ${nominal === undefined ? 'its mean of a minute' : quantity(nominal, 'V')}`
          }
        />
        {grid.trouble !== undefined && <span class="bad">The grid file is not told: {grid.trouble}</span>}
      </p>
      {grid.value?.network && (
        <OneLineDiagram network={grid.value.network} pmus={pmus} stations={stations} colour={colour} />
      )}
      {stations.length === 0 && <p>No PMU has said anything yet.</p>}
      <Sites stations={stations} colour={colour} />
    </>
  )
}

function useAngleScale(stations: Stations['stations']): number {
  const before = useRef<number | undefined>(undefined)
  const greatest = Math.max(0, ...stations.map(({ angle }) => Math.abs(degrees(angle)) || 0))
  before.current = angleScale(greatest, before.current)
  return before.current
}

function Legend({ of }: { readonly of: string }) {
  const { theme } = useAppState()
  return (
    <span class="legend">
      {[-1, -0.5, 0, 0.5, 1].map((value) => (
        <span key={value} class="swatch" style={{ background: diverging(value, theme) }} />
      ))}{' '}
      {of}; ○ offline, small: never heard
    </span>
  )
}

interface SitesProps {
  readonly stations: readonly Station[]
  readonly colour: (station: Station) => string
}

function Sites({ stations, colour }: SitesProps) {
  const sites = new Map<string, Station[]>()
  for (const station of stations) {
    const site = station.topic.split('/').slice(1, 3).join('/')
    sites.set(site, [...(sites.get(site) ?? []), station])
  }
  return (
    <div class="tiles">
      {[...sites].map(([site, of]) => (
        <section key={site}>
          <h2>{site}</h2>
          {of.map((station) => (
            <Tile key={`${station.topic} ${station.pmu}`} station={station} colour={colour(station)} />
          ))}
        </section>
      ))}
    </div>
  )
}

function Tile({ station, colour }: { readonly station: Station; readonly colour: string }) {
  const { topic, pmu, name, isOnline, absenceInWords, voltage, angle, freq } = station
  return (
    <a
      class="tile"
      href={href('pmu', { stream: topic, pmu: pmu > 0 ? `${pmu}` : undefined })}
      style={{ borderLeft: `6px solid ${colour}` }}
      data-stream={topic}
    >
      <div>
        <b>{name}</b> <span class="quiet">{shortName(topic)}</span>{' '}
        {isOnline ? '' : <span class="bad">{absenceInWords}</span>}
      </div>
      <div class={isOnline ? 'big' : 'big quiet'}>{quantity(voltage, 'V')}</div>
      <div class={isOnline ? '' : 'quiet'}>
        <span title="against the first PMU online">{quantity(angle, 'rad')}</span>
        {' · '}
        {quantity(freq, 'Hz')}
      </div>
    </a>
  )
}
