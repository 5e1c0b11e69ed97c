/** One PMU: its phasors, frequency, state and words, as they come. */
import { useEffect } from 'preact/hooks'
import { describeStat, describeTimeQuality, Stat } from '../../../src/c37118/index.ts'
import { useAppState } from '../app-state.ts'
import { ChannelTables } from '../parts/channel-tables.tsx'
import { absent, count, quantity, time } from '../parts/format.ts'
import { type PhasorChannels, phasorsOf } from '../parts/phasors.ts'
import { PmuPlots } from '../parts/pmu-plots.tsx'
import { Polar } from '../parts/polar.tsx'
import { ReferencePicker } from '../parts/reference-picker.tsx'
import { StreamPicker } from '../parts/stream-picker.tsx'
import { replaceQuery } from '../route.ts'
import { type Reference, refOf } from '../scene/channel-ref.ts'
import type { MeasurementBuffer } from '../scene/measurement-buffer.ts'
import { newestAngles } from '../scene/newest-angles.ts'
import type { SceneStream } from '../scene/scene.ts'
import { useTicks } from '../scene/use.ts'

/** Of STAT: what makes data doubtful. */
const TROUBLE = Stat.dataError | Stat.notSynchronised | Stat.sortedByArrival | Stat.dataModified | Stat.unlockedTime

export function PmuPage({ query }: { readonly query: URLSearchParams }) {
  const { scene } = useAppState()
  useTicks(5)
  const streams = scene.streams
  const topic = query.get('stream') ?? streams.find(({ buffer }) => buffer)?.topic ?? ''
  const number = Number(query.get('pmu') ?? 0)
  const against = query.get('against') ?? ''
  const change = (changes: Record<string, string | undefined>): void =>
    replaceQuery('pmu', {
      stream: topic,
      ...(number > 0 && { pmu: `${number}` }),
      ...(against !== '' && { against }),
      ...changes,
    })
  useEffect(() => {
    // The first that is heard stays, whoever else is heard later.
    if (topic !== '' && query.get('stream') === null) change({})
  }, [topic, query])
  const reference = refOf(against)
  useEffect(() => scene.follow(topic), [scene, topic])
  useEffect(() => (reference ? scene.follow(reference.stream) : undefined), [scene, reference?.stream])

  const stream = scene.find(topic)
  const buffer = stream?.buffer
  return (
    <>
      <div class="row">
        <StreamPicker streams={streams} value={topic} onChange={(value) => change({ stream: value, pmu: undefined })} />
        {buffer && buffer.configuration.pmus.length > 1 && (
          <label>
            PMU of it{' '}
            <select value={`${number}`} onChange={(event) => change({ pmu: event.currentTarget.value })}>
              {buffer.configuration.pmus.map(({ stn, idcode }, at) => (
                <option key={at} value={`${at}`}>{`${stn.trim()} (${idcode})`}</option>
              ))}
            </select>
          </label>
        )}
        <ReferencePicker value={against} onChange={(value) => change({ against: value === '' ? undefined : value })} />
      </div>
      {!stream && <p>{topic === '' ? 'No PMU has said anything yet.' : `Nothing is heard of ${topic}.`}</p>}
      {stream && !buffer && (
        <p>
          {stream.hasNoRoom
            ? 'There is no room for its values: 256 MiB of all streams are kept.'
            : 'Its configuration is not known yet.'}
        </p>
      )}
      {stream && buffer && (
        <Pmu
          key={`${topic} ${number}`}
          stream={stream}
          buffer={buffer}
          pmu={Math.min(number, buffer.configuration.pmus.length - 1)}
          reference={reference}
        />
      )}
    </>
  )
}

interface PmuProps {
  readonly stream: SceneStream
  readonly buffer: MeasurementBuffer
  readonly pmu: number
  readonly reference: Reference
}

function Pmu({ stream, buffer, pmu, reference }: PmuProps) {
  const { topic, isOnline } = stream
  const { scene, isUtc, theme } = useAppState()
  const { configuration, latest } = buffer
  const settings = configuration.pmus[pmu]!
  const phasors = phasorsOf(configuration, buffer.channels).filter((each) => each.pmu === pmu)
  const angles = newestAngles(
    buffer,
    phasors.map(({ angle }) => angle),
    reference && { buffer: scene.find(reference.stream)?.buffer, channel: reference.channel },
  )
  const polar = phasors.map(({ name, unit, magnitude }, at) => ({
    name,
    unit,
    magnitude: buffer.value(magnitude),
    angle: angles[at]!,
  }))
  const stat = latest.stat[pmu]!
  const isSeen = buffer.timeS !== undefined
  // What it said last is neither good nor bad now.
  const kindOf = (isGood: boolean) => (!isOnline ? 'quiet' : isGood ? 'good' : 'bad')
  const plain = isOnline ? '' : 'quiet'
  return (
    <>
      <h1>
        {settings.stn.trim()} <span class="quiet">IDCODE {settings.idcode}</span>
      </h1>
      <dl class="facts">
        <Fact name="state" value={isOnline ? '● online' : absent(stream)} kind={isOnline ? 'good' : 'bad'} />
        <Fact name="time of the newest frame" value={isSeen ? time(buffer.timeS!, isUtc, 6) : '–'} />
        <Fact
          name="STAT"
          value={isSeen ? describeStat(stat, latest.version) : '–'}
          kind={kindOf((stat & TROUBLE) === 0)}
        />
        <Fact
          name="time quality"
          value={isSeen ? describeTimeQuality(latest.timeQuality) : '–'}
          kind={kindOf((latest.timeQuality & 0x0f) === 0)}
        />
        <Fact name="frequency" value={quantity(buffer.value(`${pmu + 1}.freq`), 'Hz')} kind={plain} />
        <Fact name="ROCOF" value={quantity(buffer.value(`${pmu + 1}.dfreq`), 'Hz/s')} kind={plain} />
        <Fact name="frames per second" value={`${Number(buffer.rate.toPrecision(4))}`} />
        <Fact name="frames seen" value={count(buffer.frames)} />
      </dl>
      <div class="columns">
        <section class={isOnline ? '' : 'old'}>
          <h2>Phasors</h2>
          <Polar phasors={polar} theme={theme} />
          <PhasorTable phasors={phasors} buffer={buffer} angles={angles} />
          <ChannelTables buffer={buffer} pmu={pmu} />
        </section>
        <PmuPlots topic={topic} pmu={pmu} phasors={phasors} reference={reference} />
      </div>
    </>
  )
}

function Fact({
  name,
  value,
  kind = '',
}: {
  readonly name: string
  readonly value: string
  readonly kind?: '' | 'good' | 'bad' | 'quiet'
}) {
  return (
    <div>
      <dt>{name}</dt>
      <dd class={kind} data-fact={name}>
        {value}
      </dd>
    </div>
  )
}

function PhasorTable({
  phasors,
  buffer,
  angles,
}: {
  readonly phasors: readonly PhasorChannels[]
  readonly buffer: MeasurementBuffer
  /** Radians, as they are shown. */
  readonly angles: readonly number[]
}) {
  return (
    <table>
      <thead>
        <tr>
          <th>phasor</th>
          <th class="number">magnitude</th>
          <th class="number">angle</th>
        </tr>
      </thead>
      <tbody>
        {phasors.map(({ name, unit, magnitude, angle }, at) => (
          <tr key={magnitude}>
            <td>{name}</td>
            <td class="number" data-channel={magnitude} data-value={buffer.value(magnitude)}>
              {quantity(buffer.value(magnitude), unit)}
            </td>
            <td class="number" data-channel={angle} data-value={buffer.value(angle)}>
              {quantity(angles[at]!, 'rad')}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
