import { describe, expect, it } from 'vitest'
import { csvOf } from '../../dashboard/src/history/csv.ts'
import { heldRuns } from '../../dashboard/src/history/held-runs.ts'
import { labelOf } from '../../dashboard/src/history/labels.ts'
import { beginOf, drawnOf, groupsOf, sampleAt, timesOf, tracesOf } from '../../dashboard/src/history/series.ts'
import { queryOf, usualChannels, viewOf } from '../../dashboard/src/history/view.ts'
import { drawLine } from '../../dashboard/src/parts/line-path.ts'
import { eventKinds } from '../../src/historian/event-kinds.ts'

const period = { fromUs: 0, toUs: 1e6 }
const one = (times_us: readonly number[], values: readonly (number | null)[], unit = 'Hz') => ({
  channel: `1.${unit}`,
  unit,
  times_us,
  values,
})

describe('what the API gave of a channel', () => {
  it('has a gap where a frame is missing, of every sample', () => {
    const [trace] = tracesOf('a', { raw: true, series: [one([0, 20, 40, 100, 120], [1, 2, 3, 4, 5])] }, period, 100)
    expect(drawnOf(trace!, 1)).toEqual([[0, 20, 40, 70, 100, 120].map((us) => us / 1e6), [1, 2, 3, null, 4, 5]])
  })

  it('has gaps by the rate of each time, where its PMU changed it', () => {
    const times = [...Array(30).keys()].map((n) => (n < 20 ? n * 20 : 400 + (n - 20) * 40))
    const without = times.filter((_, n) => n !== 5 && n !== 25)
    const [whole, lacking] = [times, without].map(
      (each) => tracesOf('a', { raw: true, series: [one(each, each)] }, period, 100)[0]!,
    )
    expect([[...whole!.gaps], [...lacking!.gaps].map((at) => without[at])]).toEqual([[], [120, 640]])
  })

  it('has gaps also between single frames that are equally far apart', () => {
    const every20 = (fromMs: number) => [...Array(20).keys()].map((n) => fromMs + n * 20)
    const times = [...every20(0), 5380, 10_380, ...every20(15_380)].map((ms) => ms * 1000)
    const [trace] = tracesOf('a', { raw: true, series: [one(times, times)] }, { fromUs: 0, toUs: 16e6 }, 2000)
    expect([...trace!.gaps].map((at) => times[at]! / 1000)).toEqual([5380, 10_380, 15_380])
  })

  it('has a gap where a part has nothing, of least and greatest', () => {
    // Ten parts of 100 ms; the fourth and fifth have none.
    const times = [10, 90, 110, 180, 210, 290, 590, 599, 610, 700].map((ms) => ms * 1000)
    const [trace] = tracesOf('a', { raw: false, series: [one(times, times)] }, period, 20)
    expect([...trace!.gaps]).toEqual([6])
  })

  it('has no gaps where it is asked finer than what is stored', () => {
    const times = [0, 200, 400, 600, 800].map((ms) => ms * 1000)
    const [trace] = tracesOf('a', { raw: false, series: [one(times, times)] }, period, 200)
    expect(trace!.gaps.size).toBe(0)
  })

  it('has no gaps where it had a slower rate for a part of the period, of least and greatest', () => {
    // 50 parts of 20 ms: two values in each, then one in every fifth.
    const times = [...Array(50).keys()].map((n) => n * 10).concat([...Array(5).keys()].map((n) => 500 + n * 100))
    const us = times.map((ms) => ms * 1000)
    const [trace] = tracesOf('a', { raw: false, series: [one(us, us)] }, period, 100)
    expect([...trace!.gaps]).toEqual([])
  })

  it('is drawn with others of its unit, in units that are read: kV, degrees', () => {
    const series = ['V', 'rad', 'Hz', 'V', ''].map((unit) => one([0], [unit === 'V' ? 63_500 : 1], unit))
    const groups = groupsOf(tracesOf('a', { raw: true, series }, period, 10))
    expect(groups.map(({ quantity: { shown }, traces }) => [shown, traces.length])).toEqual([
      ['Hz', 1],
      ['kV', 2],
      ['°', 1],
      ['', 1],
    ])
    expect(drawnOf(groups[1]!.traces[0]!, groups[1]!.quantity.factor)[1]).toEqual([63.5])
  })

  it('is drawn with the least and the greatest of one time beside each other', () => {
    const [trace] = tracesOf('a', { raw: false, series: [one([0, 0, 500_000, 500_000], [1, 9, 2, 8])] }, period, 4)
    expect(drawnOf(trace!, 1)).toEqual([
      [0, 1e-6, 0.5, 0.500001],
      [1, 9, 2, 8],
    ])
  })

  it('begins no later than its first value, which least and greatest may come after', () => {
    const raw = tracesOf('a', { raw: true, series: [one([40, 60], [1, 2]), one([], [])] }, period, 10)
    const parts = tracesOf('a', { raw: false, series: [one([500_000], [1])] }, period, 20)
    expect([raw, parts, []].map((traces) => beginOf(traces))).toEqual([40, 400_000, undefined])
  })

  it('has the value nearest to the cursor, and none in a gap', () => {
    const times = [0, 20, 40, 60, 400, 420, 440].map((ms) => ms * 1000)
    const [trace] = tracesOf('a', { raw: true, series: [one(times, [0, 1, 2, 3, 4, 5, 6])] }, period, 100)
    expect([-1, 11, 29, 31, 61, 230, 399, 440].map((ms) => sampleAt(trace!, ms * 1000)?.value)).toEqual([
      0,
      1,
      1,
      2,
      3,
      undefined,
      4,
      6,
    ])
    expect(sampleAt({ ...trace!, timesUs: [], values: [] }, 0)).toBeUndefined()
  })
})

describe('a line', () => {
  const drawn = (values: readonly (number | null | undefined)[], isAngle = false): string => {
    const path: string[] = []
    const pen = { moveTo: (x: number) => void path.push(`M${x}`), lineTo: (x: number) => void path.push(`L${x}`) }
    const points = { times: values.map((_, at) => at * 10), values, first: 0, last: values.length - 1, isAngle }
    drawLine(
      pen,
      points,
      (time) => time,
      (value) => value,
    )
    return path.join('')
  }

  it('is broken where something is missing, however short', () => {
    expect(drawn([1, 2, null, 4, 5])).toBe('M0L10M30L40')
  })

  it('goes through the times of others', () => {
    expect(drawn([1, undefined, 2, undefined, 3])).toBe('M0L20L40')
  })

  it('is a dot where a value stands alone', () => {
    expect(drawn([null, 1, null, 2])).toBe('M10L12M30L32')
  })

  it('of an angle does not go back across ±180°', () => {
    expect(drawn([170, 179, -175, -170], true)).toBe('M0L10M20L30')
    expect(drawn([179, undefined, -179, -178], true)).toBe('M0L2M20L30')
    expect(drawn([170, 179, -175, -170])).toBe('M0L10L20L30')
  })
})

describe('what is held', () => {
  it('is one where it goes on the same, less high where some is missing, and nothing where nothing is expected', () => {
    const counts = [
      [0, 0],
      [50, 50],
      [50, 50],
      [25, 50],
      [0, 50],
      [50, 50],
    ] as const
    const parts = counts.map(([held, expected], n) => ({ from_us: n, to_us: n + 1, held, expected }))
    expect(heldRuns(parts)).toEqual([
      { fromUs: 1, toUs: 3, part: 1 },
      { fromUs: 3, toUs: 4, part: 0.5 },
      { fromUs: 5, toUs: 6, part: 1 },
    ])
  })
})

describe('the name of a line', () => {
  it('is that of its station, if it has one', () => {
    const stations = new Map([['a/s/1156/PMU/765', ['', 'Mill Lane']]])
    const names = ['2.freq', '1.freq', 'x'].map((id) => labelOf({ stream: 'a/s/1156/PMU/765', id }, stations))
    expect(names).toEqual(['Mill Lane freq (1156/765)', '1156/765 1.freq', '1156/765 x'])
  })
})

describe('CSV of what is seen', () => {
  it('has a row for each time, with every digit, and says which stream', () => {
    const a = tracesOf('x/PMU/1', { raw: true, series: [one([0, 20_000], [50.00001, null])] }, period, 10)
    const b = tracesOf('x/PMU/2', { raw: true, series: [one([20_000], [49.5])] }, period, 10)
    expect([...csvOf([...a, ...b])].join('')).toBe(
      'time,x/PMU/1 1.Hz Hz,x/PMU/2 1.Hz Hz\n' +
        '1970-01-01T00:00:00.000000Z,50.00001,\n' +
        '1970-01-01T00:00:00.020000Z,,49.5\n',
    )
    expect([...csvOf(a)][0]).toBe('time,1.Hz Hz\n')
  })

  it('comes in parts, and takes no name for a formula', () => {
    const times = Array.from({ length: 2500 }, (_, n) => n)
    const [trace] = tracesOf('a', { raw: true, series: [{ ...one(times, times), channel: '=1+1,"x"' }] }, period, 10)
    const parts = [...csvOf([trace!])]
    expect(parts.length).toBe(4)
    expect(parts[0]).toBe(`time,"'=1+1,""x"" Hz"\n`)
  })

  it('says before its head that it is not every sample', () => {
    const traces = tracesOf('a', { raw: false, series: [one([0, 20_000], [50, 51])] }, period, 10)
    expect([...csvOf(traces)][0]).toBe(
      '# not every sample: the least and the greatest of each part of the period\ntime,1.Hz Hz\n',
    )
  })

  it('has all times once', () => {
    const series = [one([0, 40], [1, 2]), one([0, 20, 40], [1, 2, 3])]
    expect(timesOf(tracesOf('a', { raw: true, series }, period, 10))).toEqual([0, 20, 40])
  })
})

describe('a view', () => {
  const events = { isOfAll: false, kinds: eventKinds }

  it('is the same after it was an address', () => {
    const view = {
      period: { fromUs: 1_795_953_600_000_000, toUs: 1_795_953_600_020_000 },
      channels: [{ stream: 'area/s/1/PMU/1', id: '1.V|A.magnitude' }],
      events: { isOfAll: true, kinds: ['gap', 'conflict'] as const },
    }
    expect(viewOf(new URLSearchParams(pairsOf(queryOf(view))))).toEqual(view)
    const none = { ...view, channels: [], events: { isOfAll: false, kinds: [] } }
    expect(viewOf(new URLSearchParams(pairsOf(queryOf(none))))).toEqual(none)
  })

  it('is the usual one where the address says nothing, or nonsense', () => {
    for (const text of ['', 'from=x&to=y', 'from=5&to=2'])
      expect(viewOf(new URLSearchParams(text))).toEqual({ period: undefined, channels: undefined, events })
  })

  it('shows the frequency of the first streams at first', () => {
    const channels = [
      { id: '1.stat', unit: '' },
      { id: '1.freq', unit: 'Hz' },
    ]
    const streams = ['a', 'b', 'c', 'd'].map((stream) => ({ stream, configurations: 1, channels }))
    expect(usualChannels(streams)).toEqual(['a', 'b', 'c'].map((stream) => ({ stream, id: '1.freq' })))
  })
})

const pairsOf = (query: Readonly<Record<string, string | readonly string[]>>): [string, string][] =>
  Object.entries(query).flatMap(([name, value]) => [value].flat().map((each): [string, string] => [name, each]))
