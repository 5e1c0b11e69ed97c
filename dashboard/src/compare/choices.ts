/** Channels that can be chosen, and what chooses many at once. Pure. */
import { phasorsOf } from '../parts/phasors.ts'
import { type ChannelRef, refText } from '../scene/channel-ref.ts'
import type { SceneStream } from '../scene/scene.ts'
import { labelOf } from './plot-groups.ts'

export interface ChannelChoice extends ChannelRef {
  readonly label: string
  /** As it is drawn. */
  readonly unit: string
}

/** One whose channels are not known, as it is not followed. */
export interface StreamChoice {
  readonly stream: string
}

export type Choice = ChannelChoice | StreamChoice

export interface Found {
  readonly choices: readonly Choice[]
  /** That match beyond those. */
  readonly more: number
}

const MAX_FOUND = 60

/** All whose station, channel, topic and unit have each of these words. */
export function findChoices(streams: readonly SceneStream[], text: string): Found {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  const fits = (hay: string): boolean => words.every((word) => hay.includes(word))
  const choices: Choice[] = []
  let more = 0
  const add = (choice: Choice): void => {
    if (choices.length < MAX_FOUND) choices.push(choice)
    else more++
  }
  for (const { topic, buffer } of streams) {
    if (!buffer) {
      if (!isPmu(topic) && fits(topic.toLowerCase())) add({ stream: topic })
      continue
    }
    for (const { id, unit: of } of buffer.channels) {
      const unit = of === 'rad' ? '°' : of
      const label = labelOf(buffer, id)
      if (fits(`${label} ${topic} ${unit}`.toLowerCase())) add({ stream: topic, channel: id, label, unit })
    }
  }
  return { choices, more }
}

export const isChannel = (choice: Choice): choice is ChannelChoice => 'channel' in choice

/** Frequency of each PMU. */
export const allFrequencies = (streams: readonly SceneStream[]): readonly ChannelRef[] =>
  own(streams).flatMap(({ topic, buffer }) =>
    buffer!.configuration.pmus.map((_, pmu) => ({ stream: topic, channel: `${pmu + 1}.freq` })),
  )

/** The angle of the first voltage of each PMU. */
export const allVoltageAngles = (streams: readonly SceneStream[]): readonly ChannelRef[] =>
  own(streams).flatMap(({ topic, buffer }) => {
    const voltages = phasorsOf(buffer!.configuration, buffer!.channels).filter(({ unit }) => unit === 'V')
    return buffer!.configuration.pmus.flatMap((_, at) => {
      const first = voltages.find(({ pmu }) => pmu === at)
      return first ? [{ stream: topic, channel: first.angle }] : []
    })
  })

/** PDCs say the same again: they count where there is nothing else. */
function own(streams: readonly SceneStream[]): readonly SceneStream[] {
  const known = streams.filter(({ buffer }) => buffer)
  const pmus = known.filter(({ topic }) => isPmu(topic))
  return pmus.length > 0 ? pmus : known
}

const isPmu = (topic: string): boolean => topic.split('/')[3] === 'PMU'

/** With it where it was absent, without it where it was there. */
export function toggled(refs: readonly ChannelRef[], ref: ChannelRef): readonly ChannelRef[] {
  const rest = refs.filter((each) => refText(each) !== refText(ref))
  return rest.length < refs.length ? rest : [...refs, { stream: ref.stream, channel: ref.channel }]
}
