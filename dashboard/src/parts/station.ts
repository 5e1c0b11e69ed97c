/** What is told of a PMU in short: the first voltage, and frequency. */
import { anglesAtOnce } from '../scene/at-once.ts'
import type { MeasurementBuffer } from '../scene/measurement-buffer.ts'
import type { Scene, SceneStream } from '../scene/scene.ts'
import { absent, wrapped } from './format.ts'
import { type PhasorChannels, phasorsOf } from './phasors.ts'

export interface Station {
  readonly topic: string
  /** Of its stream. */
  readonly pmu: number
  /** As it calls itself, if it has. */
  readonly name: string
  readonly isOnline: boolean
  /** What kept it from being online, in a few words and in more; empty where nothing does. */
  readonly absence: '' | 'offline' | 'not known' | 'not played' | 'never heard'
  readonly absenceInWords: string
  /** V and Hz, the newest; NaN where absent. */
  readonly voltage: number
  readonly freq: number
  /** rad, less the reference's at the same instant; NaN where one of them has none then. */
  readonly angle: number
  /** Of the voltage, over the last minute. */
  readonly usualVoltage: number
}

export interface Stations {
  /** By topic; one for each PMU in its frames. */
  readonly stations: readonly Station[]
  /** Against which angles are told: the first that is online and has one. */
  readonly reference: Station | undefined
}

/** A PMU of a stream, whose buffer is there once it was heard. */
interface Source {
  readonly topic: string
  readonly name: string
  readonly pmu: number
  readonly stream: SceneStream | undefined
  readonly buffer: MeasurementBuffer | undefined
  readonly voltage: PhasorChannels | undefined
}

/** PMUs of a scene, and those that are known by their topic alone. */
export function stationsOf({ streams, isTold }: Pick<Scene, 'streams' | 'isTold'>, known: readonly string[]): Stations {
  const heard = new Map(streams.map((stream) => [stream.topic, stream]))
  const topics = [...new Set([...known, ...heard.keys()])].filter((topic) => topic.split('/')[3] === 'PMU').sort()
  const sources = topics.flatMap((topic) => sourcesOf(topic, heard.get(topic)))
  const measuring = sources.filter(({ stream, buffer, voltage }) => stream?.isOnline && buffer && voltage)
  const angles = anglesAtOnce(measuring.map(({ buffer, voltage }) => ({ buffer: buffer!, channel: voltage!.angle })))
  const angleOf = new Map(measuring.map((source, at) => [source, angles[at]!]))
  const first = measuring.find((source) => !Number.isNaN(angleOf.get(source)))
  const turn = first ? angleOf.get(first)! : Number.NaN
  const stations = sources.map((source) =>
    stationOf(source, isTold, wrapped((angleOf.get(source) ?? Number.NaN) - turn)),
  )
  return { stations, reference: first && stations[sources.indexOf(first)] }
}

function sourcesOf(topic: string, stream: SceneStream | undefined): readonly Source[] {
  const buffer = stream?.buffer
  if (!buffer) return [{ topic, name: `PMU ${topic.split('/')[4]}`, pmu: 0, stream, buffer, voltage: undefined }]
  const phasors = phasorsOf(buffer.configuration, buffer.channels)
  return buffer.configuration.pmus.map(({ stn }, pmu) => {
    const voltage = phasors.find((each) => each.pmu === pmu && each.unit === 'V')
    return { topic, name: stn.trim(), pmu, stream, buffer, voltage }
  })
}

function stationOf({ topic, name, pmu, stream, buffer, voltage }: Source, isTold: boolean, angle: number): Station {
  const absence = absenceOf(stream, isTold)
  return {
    topic,
    pmu,
    name,
    isOnline: absence === '',
    absence,
    absenceInWords:
      absence === 'offline' || absence === 'not known'
        ? absent({ isUntold: absence === 'not known', silentS: stream?.silentS })
        : absence && `○ ${absence}`,
    freq: buffer?.value(`${pmu + 1}.freq`) ?? Number.NaN,
    voltage: (voltage && buffer?.value(voltage.magnitude)) ?? Number.NaN,
    angle,
    usualVoltage: buffer && voltage ? usual(buffer, voltage.magnitude) : Number.NaN,
  }
}

function absenceOf(stream: SceneStream | undefined, isTold: boolean): Station['absence'] {
  if (stream?.isOnline) return ''
  if (stream?.isLeftOut) return 'not played'
  if (stream?.isUntold) return 'not known'
  if (stream?.wasHeard) return 'offline'
  return isTold ? 'never heard' : 'not known'
}

/** Means over a minute do not change from one drawing to the next. */
const means = new WeakMap<MeasurementBuffer, Map<string, { readonly atMs: number; readonly mean: number }>>()
const AGAIN_MS = 2000

function usual(buffer: MeasurementBuffer, channel: string): number {
  let known = means.get(buffer)
  if (!known) {
    known = new Map()
    means.set(buffer, known)
  }
  const before = known.get(channel)
  const nowMs = performance.now()
  if (before && nowMs - before.atMs < AGAIN_MS) return before.mean
  const mean = buffer.mean(channel)
  known.set(channel, { atMs: nowMs, mean })
  return mean
}
