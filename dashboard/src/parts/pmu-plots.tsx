/** Frequency, ROCOF, magnitudes and angles of a PMU over the last half minute. */
import type { AlignedData } from 'uplot'
import { appState } from '../app-state.ts'
import type { Reference } from '../scene/channel-ref.ts'
import type { MeasurementBuffer } from '../scene/measurement-buffer.ts'
import { anglesAgainst } from '../scene/series.ts'
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
  const buffer = appState().scene.find(topic)?.buffer
  const small = new Set(phasors.filter((phasor) => buffer && isSmall(buffer, phasor, phasors)))
  const groups = (['V', 'A'] as const).flatMap((unit) => {
    const of = phasors.filter((phasor) => phasor.unit === unit)
    const name = unit === 'V' ? 'Voltages' : 'Currents'
    return [
      { name, unit, of: of.filter((phasor) => !small.has(phasor)), factor: unit === 'V' ? 1e-3 : 1 },
      { name: `Small ${name.toLowerCase()}`, unit, of: of.filter((phasor) => small.has(phasor)), factor: 1 },
    ]
  })
  const directed = phasors.filter((phasor) => !small.has(phasor))
  return (
    <section>
      <h2>Frequency, Hz</h2>
      <Plot
        {...common}
        title="frequency"
        lines={[{ label: 'frequency', unit: 'Hz' }]}
        data={plain([`${pmu + 1}.freq`])}
        leastSpan={0.01}
        digits={4}
      />
      <h2>ROCOF, Hz/s</h2>
      <Plot
        {...common}
        title="rate of change of frequency"
        lines={[{ label: 'ROCOF', unit: 'Hz/s' }]}
        data={plain([`${pmu + 1}.dfreq`])}
        leastSpan={0.1}
      />
      {groups.map(({ name, unit, of, factor }) =>
        of.length === 0 ? null : (
          <div key={name}>
            <h2>{`${name}, ${factor === 1 ? unit : `k${unit}`}`}</h2>
            <Plot
              {...common}
              title={name}
              lines={of.map((phasor) => ({
                label: phasor.name,
                unit: factor === 1 ? unit : `k${unit}`,
                colour: phasors.indexOf(phasor),
              }))}
              data={plain(
                of.map(({ magnitude }) => magnitude),
                factor,
              )}
              digits={factor === 1 ? 2 : 4}
            />
          </div>
        ),
      )}
      <h2>Angles, °</h2>
      <Plot
        {...common}
        title="angles"
        lines={directed.map((phasor) => ({ label: phasor.name, unit: '°', colour: phasors.indexOf(phasor) }))}
        data={() =>
          anglesOf(
            topic,
            directed.map(({ angle }) => angle),
            reference,
          )
        }
        digits={2}
        leastSpan={1}
      />
    </section>
  )
}

/** Beside the greatest of its kind: its angle says nothing, and its magnitude would be a line at zero. */
const SMALL = 0.05
const smallOf = new WeakMap<MeasurementBuffer, Map<string, boolean>>()

/** Told once for a buffer that has something, so that plots stay what they are. */
function isSmall(
  buffer: MeasurementBuffer,
  { pmu, unit, magnitude }: PhasorChannels,
  all: readonly PhasorChannels[],
): boolean {
  const known = smallOf.get(buffer) ?? new Map<string, boolean>()
  smallOf.set(buffer, known)
  const told = known.get(magnitude)
  if (told !== undefined) return told
  const kin = all.filter((other) => other.unit === unit && other.pmu === pmu)
  const greatest = Math.max(...kin.map((other) => buffer.mean(other.magnitude) || 0))
  const mean = buffer.mean(magnitude)
  if (Number.isNaN(mean)) return false
  known.set(magnitude, mean < SMALL * greatest)
  return mean < SMALL * greatest
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
function anglesOf(topic: string, channels: readonly string[], reference: Reference): AlignedData {
  const series = seriesOf(topic, channels)
  const against = reference && seriesOf(reference.stream, [reference.channel])
  return [series.times, ...anglesAgainst(series, against)]
}
