/** Frequency, ROCOF, magnitudes and angles of a PMU over the last half minute. */
import type { AlignedData } from 'uplot'
import { appState } from '../app-state.ts'
import type { Reference } from '../pages/pmu-page.tsx'
import { degrees, wrapped } from './format.ts'
import type { PhasorChannels } from './phasors.ts'
import { Plot } from './plot.tsx'

const SHOWN_S = 30
const PER_SECOND = 10

interface Props {
  readonly topic: string
  readonly pmu: number
  readonly phasors: readonly PhasorChannels[]
  readonly reference: Reference
}

export function PmuPlots({ topic, pmu, phasors, reference }: Props) {
  const plain =
    (channels: readonly string[], factor = 1) =>
    (): AlignedData => {
      const { times, values } = seriesOf(topic, channels)
      return [
        times,
        ...(factor === 1 ? values : values.map((row) => row.map((value) => (value === null ? null : value * factor)))),
      ]
    }
  const common = { period, perSecond: PER_SECOND, sync: 'pmu' }
  const voltages = phasors.filter(({ unit }) => unit === 'V')
  const currents = phasors.filter(({ unit }) => unit === 'A')
  const colour = (phasor: PhasorChannels): number => phasors.indexOf(phasor)
  return (
    <section>
      <h2>Frequency</h2>
      <Plot
        {...common}
        title="frequency"
        lines={[{ label: 'frequency', unit: 'Hz' }]}
        data={plain([`${pmu + 1}.freq`])}
        leastSpan={0.01}
        digits={4}
      />
      <h2>ROCOF</h2>
      <Plot
        {...common}
        title="rate of change of frequency"
        lines={[{ label: 'ROCOF', unit: 'Hz/s' }]}
        data={plain([`${pmu + 1}.dfreq`])}
        leastSpan={0.1}
      />
      {[
        { name: 'Voltages', of: voltages, unit: 'kV', factor: 1e-3 },
        { name: 'Currents', of: currents, unit: 'A', factor: 1 },
      ].map(({ name, of, unit, factor }) =>
        of.length === 0 ? null : (
          <div key={name}>
            <h2>{name}</h2>
            <Plot
              {...common}
              title={name}
              lines={of.map((phasor) => ({ label: phasor.name, unit, colour: colour(phasor) }))}
              data={plain(
                of.map(({ magnitude }) => magnitude),
                factor,
              )}
              digits={unit === 'kV' ? 4 : 2}
            />
          </div>
        ),
      )}
      <h2>Angles</h2>
      <Plot
        {...common}
        title="angles"
        lines={phasors.map((phasor) => ({ label: phasor.name, unit: '°', colour: colour(phasor) }))}
        data={() =>
          anglesOf(
            topic,
            phasors.map(({ angle }) => angle),
            reference,
          )
        }
        digits={2}
        leastSpan={1}
      />
    </section>
  )
}

/** What is seen: up to now, whatever came. */
function period(): readonly [number, number] {
  const { nowS } = appState().scene
  return [nowS - SHOWN_S, nowS]
}

function seriesOf(topic: string, channels: readonly string[]) {
  const { scene } = appState()
  return scene.find(topic)?.buffer?.series(channels, period()[0] - 1) ?? { times: [], values: channels.map(() => []) }
}

/** In degrees, against the reference at the same moment; without one, as they were sent. */
export function anglesOf(topic: string, channels: readonly string[], reference: Reference): AlignedData {
  const { times, values } = seriesOf(topic, channels)
  const turns = reference && new Map(pairs(reference))
  return [
    times,
    ...values.map((row) =>
      row.map((value, at) => {
        const turn = turns ? turns.get(times[at]!) : 0
        return value === null || turn === undefined ? null : degrees(wrapped(value - turn))
      }),
    ),
  ]
}

function* pairs({ stream, channel }: NonNullable<Reference>): Iterable<[number, number]> {
  const { times, values } = seriesOf(stream, [channel])
  for (let at = 0; at < times.length; at++) {
    const value = values[0]![at]
    if (value !== null && value !== undefined) yield [times[at]!, value]
  }
}
