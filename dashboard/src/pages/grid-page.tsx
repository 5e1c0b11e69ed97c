/** The area at a glance: its one-line diagram, and what each PMU says. */
import type { GridJson } from '../../../src/api/answers.ts'
import { getGrid } from '../api/grid.ts'
import { useAppState } from '../app-state.ts'
import { diverging } from '../parts/colours.ts'
import { offline, quantity, shortName, wrapped } from '../parts/format.ts'
import { OneLineDiagram } from '../parts/one-line-diagram.tsx'
import { type Station, stationsOf } from '../parts/station.ts'
import { useAnswer } from '../parts/use-answer.ts'
import { href } from '../route.ts'
import { useTicks } from '../scene/use.ts'

/** Voltages further off than this part of what they should be have the strongest colour. */
const FAR = 0.1

export function GridPage() {
  const { scene, theme } = useAppState()
  useTicks(5)
  const grid = useAnswer('grid', getGrid)
  const pmus = scene.streams.filter(({ topic }) => topic.split('/')[3] === 'PMU')
  const stations = pmus.flatMap(stationsOf)
  const reference = stations.find(({ angle, isOnline }) => isOnline && !Number.isNaN(angle))
  const nominal = grid.value?.network?.nominal_v
  const colour = ({ voltage, usualVoltage, isOnline }: Station): string =>
    isOnline ? diverging((voltage / (nominal ?? usualVoltage) - 1) / FAR, theme) : 'var(--paper)'
  const online = stations.filter(({ isOnline }) => isOnline).length
  return (
    <>
      <h1>{grid.value?.area ?? pmus[0]?.topic.split('/')[0] ?? 'Grid'}</h1>
      <p class="row">
        <span>
          <b>{online}</b> of <b>{Math.max(stations.length, pmuCount(grid.value))}</b> PMUs online
        </span>
        <Legend nominal={nominal} />
        {grid.trouble !== undefined && <span class="bad">The grid file is not told: {grid.trouble}</span>}
      </p>
      {grid.value?.network && (
        <OneLineDiagram
          network={grid.value.network}
          pmus={grid.value.sites.flatMap((site) => site.pmus)}
          stations={stations}
          colour={colour}
          reference={reference}
        />
      )}
      {stations.length === 0 && <p>No PMU has said anything yet.</p>}
      <Sites stations={stations} colour={colour} reference={reference} />
    </>
  )
}

const pmuCount = (grid: GridJson | undefined): number =>
  grid?.sites.reduce((sum, { pmus }) => sum + pmus.length, 0) ?? 0

function Legend({ nominal }: { readonly nominal: number | undefined }) {
  const { theme } = useAppState()
  const of = nominal === undefined ? 'its mean of a minute' : quantity(nominal, 'V')
  return (
    <span class="legend">
      {[-1, -0.5, 0, 0.5, 1].map((value) => (
        <span key={value} class="swatch" style={{ background: diverging(value, theme) }} />
      ))}{' '}
      voltage −{FAR * 100} % … +{FAR * 100} % of {of}; ○ offline
    </span>
  )
}

interface SitesProps {
  readonly stations: readonly Station[]
  readonly colour: (station: Station) => string
  readonly reference: Station | undefined
}

function Sites({ stations, colour, reference }: SitesProps) {
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
            <Tile key={station.topic + station.name} station={station} colour={colour(station)} reference={reference} />
          ))}
        </section>
      ))}
    </div>
  )
}

function Tile({
  station,
  colour,
  reference,
}: {
  readonly station: Station
  readonly colour: string
  readonly reference: Station | undefined
}) {
  const { topic, name, isOnline, silentS, voltage, angle, freq } = station
  return (
    <a
      class="tile"
      href={href('pmu', { stream: topic })}
      style={{ borderLeft: `6px solid ${colour}` }}
      data-stream={topic}
    >
      <div>
        <b>{name}</b> <span class="quiet">{shortName(topic)}</span>{' '}
        {isOnline ? '' : <span class="bad">{offline(silentS)}</span>}
      </div>
      <div class={isOnline ? 'big' : 'big quiet'}>{quantity(voltage, 'V')}</div>
      <div class={isOnline ? '' : 'quiet'}>
        <span title="against the first PMU online">{quantity(wrapped(angle - (reference?.angle ?? 0)), 'rad')}</span>
        {' · '}
        {quantity(freq, 'Hz')}
      </div>
    </a>
  )
}
