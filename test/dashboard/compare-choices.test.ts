import { describe, expect, it } from 'vitest'
import { allFrequencies, allVoltageAngles, findChoices, toggled } from '../../dashboard/src/compare/choices.ts'
import { groupsOf, seriesOf } from '../../dashboard/src/compare/plot-groups.ts'
import { refOf, refText } from '../../dashboard/src/scene/channel-ref.ts'
import { MeasurementBuffer } from '../../dashboard/src/scene/measurement-buffer.ts'
import type { Scene, SceneStream } from '../../dashboard/src/scene/scene.ts'
import type { Configuration } from '../../src/c37118/index.ts'
import { frameWriter, smallPmu } from '../support/stream-frames.ts'

const topic = (site: number, id: string): string => `area/secondary-station/${site}/${id}`

/** Streams that hold the frames [0, 100) of two seconds. */
function sceneOf(streams: Readonly<Record<string, Configuration | undefined>>): Scene {
  const all = Object.entries(streams).map(([topic, configuration]): SceneStream => {
    const buffer = configuration && new MeasurementBuffer(configuration)
    if (buffer) for (let n = 0; n < 2 * buffer.rate; n++) buffer.push(frameWriter(buffer.configuration)(n))
    return { topic, buffer, hasNoRoom: false, isOnline: true, wasHeard: true, silentS: 0 }
  })
  return {
    kind: 'playback',
    isTold: true,
    streams: all,
    find: (wanted) => all.find((each) => each.topic === wanted),
    nowS: 1_700_000_002,
    follow: () => () => {},
  }
}

const scene = sceneOf({
  [topic(1, 'PMU/1')]: smallPmu({ stn: 'North', idcode: 1 }),
  [topic(2, 'PMU/2')]: smallPmu({ stn: 'South', idcode: 2, dataRate: 10 }),
  [topic(2, 'PMU/3')]: undefined,
  [topic(2, 'PDC/1')]: undefined,
})

describe('channels to choose from', () => {
  it('are found by words of station, channel, topic and unit', () => {
    const { choices, more } = findChoices(scene.streams, 'south V1')
    expect(choices).toEqual([
      { stream: topic(2, 'PMU/2'), channel: '1.V1.magnitude', label: 'South V1.magnitude', unit: 'V' },
      { stream: topic(2, 'PMU/2'), channel: '1.V1.angle', label: 'South V1.angle', unit: '°' },
    ])
    expect(more).toBe(0)
  })

  it('have the PDCs that are not followed yet', () => {
    expect(findChoices(scene.streams, 'pdc').choices).toEqual([{ stream: topic(2, 'PDC/1') }])
  })

  it('are no more than can be read', () => {
    const many = sceneOf(Object.fromEntries(Array.from({ length: 30 }, (_, n) => [topic(n, 'PMU/1'), smallPmu()])))
    const { choices, more } = findChoices(many.streams, '')
    expect([choices.length, choices.length + more]).toEqual([60, 30 * many.streams[0]!.buffer!.channels.length])
  })

  it('are taken all at once: frequencies, and first voltages', () => {
    expect(allFrequencies(scene.streams).map(refText)).toEqual([
      `${topic(1, 'PMU/1')}|1.freq`,
      `${topic(2, 'PMU/2')}|1.freq`,
    ])
    expect(allVoltageAngles(scene.streams).map(refText)).toEqual([
      `${topic(1, 'PMU/1')}|1.V0.angle`,
      `${topic(2, 'PMU/2')}|1.V0.angle`,
    ])
  })

  it('are written in links, and put in and taken out', () => {
    const ref = { stream: topic(1, 'PMU/1'), channel: '1.A|B.magnitude' }
    expect(refOf(refText(ref))).toEqual(ref)
    expect([refOf(''), refOf('|x'), refOf('x|')]).toEqual([undefined, undefined, undefined])
    expect(toggled([], ref)).toEqual([ref])
    expect(toggled([ref], ref)).toEqual([])
  })
})

describe('what is compared', () => {
  const refs = ['1.V0.magnitude', '1.freq', '1.V0.angle'].flatMap((channel) => [
    { stream: topic(1, 'PMU/1'), channel },
    { stream: topic(2, 'PMU/2'), channel },
  ])

  it('stands in one plot for each unit, and what is not heard is told', () => {
    const gone = { stream: topic(9, 'PMU/9'), channel: '1.freq' }
    const { groups, absent } = groupsOf(scene, [...refs, gone])
    expect(groups.map(({ unit, lines }) => [unit, lines.map(({ label }) => label)])).toEqual([
      ['Hz', ['North freq', 'South freq']],
      ['kV', ['North V0.magnitude', 'South V0.magnitude']],
      ['°', ['North V0.angle', 'South V0.angle']],
    ])
    expect(absent).toEqual([gone])
  })

  it('tells stations of one name apart', () => {
    const twins = sceneOf({ [topic(1, 'PMU/1')]: smallPmu(), [topic(2, 'PMU/1')]: smallPmu() })
    const { groups } = groupsOf(twins, allFrequencies(twins.streams))
    expect(groups[0]!.lines.map(({ label }) => label)).toEqual(['Station A freq (1/1)', 'Station A freq (2/1)'])
  })

  it('is drawn as it was sent, each stream at its own rate', () => {
    const { groups } = groupsOf(scene, refs)
    const voltage = groups.find(({ unit }) => unit === 'kV')!
    const { times, values } = seriesOf(scene, voltage, undefined, 0)
    expect(times).toHaveLength(100)
    expect(values[0]).toEqual(Array.from({ length: 100 }, (_, n) => n * 1e-3))
    expect(values[1]!.filter((value) => value !== undefined)).toEqual(Array.from({ length: 20 }, (_, n) => n * 1e-3))
    const angle = groups.find(({ unit }) => unit === '°')!
    const against = seriesOf(scene, angle, { stream: topic(2, 'PMU/2'), channel: '1.V0.angle' }, 0)
    expect(against.values[0]!.filter((value) => typeof value === 'number')).toHaveLength(20)
  })
})
