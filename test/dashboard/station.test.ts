import { describe, expect, it } from 'vitest'
import { angleScale } from '../../dashboard/src/parts/colours.ts'
import { degrees } from '../../dashboard/src/parts/format.ts'
import { stationsOf } from '../../dashboard/src/parts/station.ts'
import { MeasurementBuffer } from '../../dashboard/src/scene/measurement-buffer.ts'
import type { SceneStream } from '../../dashboard/src/scene/scene.ts'
import { type Configuration, compileEncoder } from '../../src/c37118/index.ts'
import { smallPmu } from '../support/stream-frames.ts'

const startS = 1_800_000_000
const topicOf = (id: number): string => `area/substation/1/PMU/${id}`

interface Sent {
  /** DATA_RATE */
  readonly rate: number
  readonly untilS: number
  readonly aheadDegrees?: number
  /** Seconds of frames that were lost. */
  readonly lostS?: readonly number[]
  /** Timestamps are so much later than they should be. */
  readonly offsetS?: number
}

/** A PMU of a grid at 49.9 Hz, which has sent frames of the last two seconds up to a time. */
function measuring(id: number, { rate, untilS, aheadDegrees = 0, lostS = [], offsetS = 0 }: Sent): SceneStream {
  const small = smallPmu({ stn: `Station ${id}`, idcode: id, dataRate: rate })
  const [settings] = small.pmus
  const configuration: Configuration = {
    ...small,
    pmus: [{ ...settings!, format: { polar: true, phasors: 'float32', analogs: 'float32', freq: 'float32' } }],
  }
  const encoder = compileEncoder(configuration)
  const buffer = new MeasurementBuffer(configuration)
  for (let n = 0; n / buffer.rate + offsetS <= untilS + 1e-6; n++) {
    const atS = n / buffer.rate + offsetS
    if (lostS.some((each) => Math.abs(each - atS) < 1e-6)) continue
    const angle = ((-0.1 * 360 * atS + aheadDegrees) * Math.PI) / 180
    const phasor = { magnitude: 7300, angle: Math.atan2(Math.sin(angle), Math.cos(angle)) }
    buffer.push(
      encoder.encode({
        soc: startS + Math.floor(atS + 1e-7),
        fraction: Math.round((atS - Math.floor(atS + 1e-7)) * 1e6),
        pmus: [{ stat: 0, phasors: [phasor, phasor, phasor], freq: 49.9, dfreq: 0, analogs: [], digitals: [] }],
      }),
    )
  }
  return { topic: topicOf(id), buffer, hasNoRoom: false, isOnline: true, wasHeard: true, silentS: 0 }
}

const told = (streams: readonly SceneStream[]) => ({ streams, isTold: true })

const anglesOf = (...sent: readonly Sent[]): readonly number[] =>
  stationsOf(told(sent.map((each, at) => measuring(at + 1, each))), []).stations.map(
    ({ angle }) => Math.round(degrees(angle) * 100) / 100,
  )

describe('the angles of an area', () => {
  it.each<[string, readonly Sent[], readonly number[]]>([
    [
      'frames of one PMU come 100 ms after those of the others',
      [
        { rate: 50, untilS: 1.98 },
        { rate: 50, untilS: 1.88, aheadDegrees: 10 },
        { rate: 50, untilS: 1.96, aheadDegrees: -4 },
      ],
      [0, 10, -4],
    ],
    [
      'PMUs send 50, 10 and 25 frames a second',
      [
        { rate: 50, untilS: 1.98 },
        { rate: 10, untilS: 1.9, aheadDegrees: 10 },
        { rate: 25, untilS: 1.96, aheadDegrees: -4 },
        { rate: 50, untilS: 1.88, aheadDegrees: 1 },
      ],
      [0, 10, -4, 1],
    ],
    [
      'two rates have but a few timestamps in common, and others that are near',
      [
        { rate: 10, untilS: 1.9 },
        { rate: 12, untilS: 23 / 12, aheadDegrees: 10 },
      ],
      [0, 10],
    ],
    [
      'a PMU sends once a second',
      [
        { rate: 50, untilS: 1.98 },
        { rate: 1, untilS: 1, aheadDegrees: 10 },
      ],
      [0, 10],
    ],
    [
      'a PMU sends once a second, and its next frame is on its way',
      [
        { rate: 50, untilS: 2.08 },
        { rate: 50, untilS: 2.06, aheadDegrees: -4 },
        { rate: 1, untilS: 1, aheadDegrees: 10 },
      ],
      [0, -4, 10],
    ],
    [
      'the newest frame that others have is lost',
      [
        { rate: 50, untilS: 1.98 },
        { rate: 50, untilS: 1.98, aheadDegrees: 10, lostS: [1.96] },
        { rate: 50, untilS: 1.96, aheadDegrees: -4 },
      ],
      [0, 10, -4],
    ],
    [
      'no timestamp is on a multiple of the period',
      [
        { rate: 50, untilS: 1.98, offsetS: 0.009 },
        { rate: 50, untilS: 1.9, aheadDegrees: 10, offsetS: 0.009 },
      ],
      [0, 10],
    ],
    [
      'the first PMU lags by more than a second, and is no reference',
      [
        { rate: 50, untilS: 0.5 },
        { rate: 50, untilS: 1.98, aheadDegrees: 10 },
        { rate: 50, untilS: 1.9, aheadDegrees: 7 },
      ],
      [Number.NaN, 0, -3],
    ],
    [
      'the clock of a PMU is an hour ahead',
      [
        { rate: 50, untilS: 1.98 },
        { rate: 50, untilS: 1.9, aheadDegrees: 7 },
        { rate: 50, untilS: 3601.98, offsetS: 3600, aheadDegrees: 10 },
      ],
      [0, 7, Number.NaN],
    ],
    [
      'one sends less than once a second',
      [
        { rate: 50, untilS: 1.98 },
        { rate: -5, untilS: 0, aheadDegrees: 10 },
      ],
      [0, Number.NaN],
    ],
  ])('are of one instant where %s', (_, sent, angles) => {
    expect(anglesOf(...sent)).toEqual(angles)
  })

  it('are told of none that is offline', () => {
    const [first, second] = [measuring(1, { rate: 50, untilS: 2 }), measuring(2, { rate: 50, untilS: 2 })]
    const { stations, reference } = stationsOf(told([{ ...first, isOnline: false }, second]), [])
    expect(stations.map(({ angle }) => angle)).toEqual([Number.NaN, 0])
    expect(reference?.name).toBe('Station 2')
  })
})

describe('the PMUs of an area', () => {
  const unknown: SceneStream = {
    topic: topicOf(3),
    buffer: undefined,
    hasNoRoom: false,
    isOnline: false,
    wasHeard: false,
    silentS: undefined,
  }

  it('are those of the grid and those that are heard, and each says why it is not online', () => {
    const offline = { ...measuring(2, { rate: 50, untilS: 2 }), isOnline: false, silentS: 12.3 }
    const leftOut = { ...unknown, topic: topicOf(5), isLeftOut: true }
    const streams = [measuring(1, { rate: 50, untilS: 2 }), offline, unknown, leftOut]
    const { stations } = stationsOf(told(streams), [4, 2].map(topicOf))
    expect(stations.map(({ topic, name, absenceInWords }) => [topic, name, absenceInWords])).toEqual([
      [topicOf(1), 'Station 1', ''],
      [topicOf(2), 'Station 2', '○ offline, last 12 s ago'],
      [topicOf(3), 'PMU 3', '○ never heard'],
      [topicOf(4), 'PMU 4', '○ never heard'],
      [topicOf(5), 'PMU 5', '○ not played'],
    ])
    const untold = stationsOf({ streams: [offline, unknown], isTold: false }, [topicOf(4)]).stations
    expect(untold.map(({ absenceInWords }) => absenceInWords)).toEqual([
      '○ offline, last 12 s ago',
      '□ not known',
      '□ not known',
    ])
  })

  it('are not what PDCs say', () => {
    const { stations } = stationsOf(told([{ ...unknown, topic: 'area/substation/1/PDC/3' }]), [
      'area/substation/1/PDC/4',
    ])
    expect(stations).toEqual([])
  })
})

describe('the scale of angles', () => {
  it('is as wide as they are apart, and stays as long as it tells them apart', () => {
    const greatest = [0.4, 1.5, 0.9, 0.5, 31, 200]
    let scale: number | undefined
    const scales = greatest.map((each) => {
      scale = angleScale(each, scale)
      return scale
    })
    expect(scales).toEqual([1, 2, 2, 1, 45, 180])
  })
})
