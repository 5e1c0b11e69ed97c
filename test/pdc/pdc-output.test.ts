import { describe, expect, it } from 'vitest'
import {
  type Configuration,
  compileDecoder,
  compileEncoder,
  dataFrameSize,
  decodeConfiguration,
  fractionOf,
  frameTimeOf,
  socOf,
} from '../../src/c37118/index.ts'
import type { Now } from '../../src/pdc/alignment-window.ts'
import type { PdcOutput } from '../../src/pdc/pdc-output.ts'
import { needsCaptures, readCapture } from '../support/captures.ts'
import { metricSum } from '../support/metric-sum.ts'
import { pcapFrames } from '../support/pcap-frames.ts'
import { configurationOf } from './configurations.ts'
import { type Arrival, outputOf, played } from './played.ts'

describe.skipIf(needsCaptures.skip)(needsCaptures.title('two PMUs in sync, as they were captured'), () => {
  const { configurations, data } = needsCaptures.skip
    ? { configurations: [], data: [] }
    : pcapFrames(readCapture('C37.118_2PMUsInSync_TCP.pcap'))
  const inputs = new Map(configurations.map((frame) => [`${frame.readUInt16BE(4)}`, decodeConfiguration(frame)]))
  const timeUs = (frame: Uint8Array, input: string): number =>
    socOf(frame) * 1_000_000 + Math.round((fractionOf(frame) * 1_000_000) / inputs.get(input)!.timeBase)
  /** So many µs after its own time. */
  const arriving = (delayUs: (input: string, index: number) => number): Arrival[] => {
    const count: Record<string, number> = {}
    return data.map((frame) => {
      const input = `${frame.readUInt16BE(4)}`
      const index = count[input] ?? 0
      count[input] = index + 1
      return { input, frame, atUs: timeUs(frame, input) + delayUs(input, index) }
    })
  }
  const [first, second] = ['60', '241']
  const isFirst = (input: string): boolean => input === first
  /** What each input sent, by its time. */
  const sent = (input: string) => {
    const decoder = compileDecoder(inputs.get(input)!)
    return new Map(
      data
        .filter((frame) => `${frame.readUInt16BE(4)}` === input)
        .map((frame) => [timeUs(frame, input), decoder.decode(frame)]),
    )
  }
  const samplesUs = ({ soc, fraction }: { soc: number; fraction: number }): number => soc * 1_000_000 + fraction

  it('come out as 1,501 frames, all complete, every value and STAT as it went in', async () => {
    const { samples, metrics } = played(
      arriving((input) => (isFirst(input) ? 5_000 : 8_000)),
      inputs,
    )
    expect(samples).toHaveLength(1501)
    const [ofFirst, ofSecond] = [sent(first), sent(second)]
    for (const sample of samples) {
      expect(sample.pmus).toEqual([...ofSecond.get(samplesUs(sample))!.pmus, ...ofFirst.get(samplesUs(sample))!.pmus])
    }
    expect(samples.map(samplesUs)).toEqual([...ofFirst.keys()].toSorted((a, b) => a - b))
    expect(await metricSum(metrics, 'phasorbus_pdc_frames_total', { as: 'complete' })).toBe(1501)
  })

  /** Both PMUs in the capture send at 50 frames/s, from the same instant on. */
  const frames = 1501
  const count = async (metrics: Parameters<typeof metricSum>[0], as: string) =>
    await metricSum(metrics, 'phasorbus_pdc_frames_total', { as })
  const unused = async (metrics: Parameters<typeof metricSum>[0], reason: string) =>
    await metricSum(metrics, 'phasorbus_pdc_input_unused_frames_total', { input: second, reason })
  const waits = ['relative', 'absolute'] as const

  it.each(waits)('are complete by %s wait while one comes later by less than that', async (wait) => {
    const { samples, metrics } = played(
      arriving((input) => (isFirst(input) ? 5_000 : 99_000)),
      inputs,
      { wait },
    )
    expect(samples.length).toBeGreaterThanOrEqual(frames)
    expect(await count(metrics, 'complete')).toBe(frames)
  })

  it.each(waits)('go without the one that comes later, by %s wait', async (wait) => {
    const { samples, metrics } = played(
      arriving((input) => (isFirst(input) ? 5_000 : 106_000)),
      inputs,
      { wait },
    )
    expect(await count(metrics, 'partial')).toBe(frames)
    expect(await unused(metrics, 'late')).toBe(frames)
    expect(samples.slice(0, frames).every(({ pmus }) => Number.isNaN(pmus[0]!.freq) && pmus[1]!.freq > 49)).toBe(true)
  })

  it.each(waits)('are complete by %s wait whenever the one that is uneven comes in time', async (wait) => {
    const delayUs = (index: number): number => 5_000 + ((index * 7919) % 160) * 1000
    const { metrics } = played(
      arriving((input, index) => (isFirst(input) ? 5_000 : delayUs(index))),
      inputs,
      { wait },
    )
    const limitUs = wait === 'relative' ? 105_000 : 100_000
    const inTime = Array.from({ length: frames }, (_, index) => delayUs(index)).filter((us) => us < limitUs).length
    expect(await count(metrics, 'complete')).toBe(inTime)
    expect(await unused(metrics, 'late')).toBe(frames - inTime)
  })

  it.each(waits)('come once by %s wait, however often they come', async (wait) => {
    const arrivals = arriving(() => 5_000).flatMap((arrival) => [arrival, { ...arrival, atUs: arrival.atUs + 30_000 }])
    const { samples, metrics } = played(arrivals, inputs, { wait })
    expect(new Set(samples.map(samplesUs)).size).toBe(samples.length)
    expect(await count(metrics, 'complete')).toBe(frames)
    expect(await unused(metrics, 'duplicate')).toBe(frames)
  })

  it.each(waits)('come in order by %s wait, in whatever order they come', async (wait) => {
    const shuffledUs = [0, 60_000, 30_000, 15_000, 45_000]
    const { samples, metrics } = played(
      arriving((_, index) => 5_000 + shuffledUs[index % 5]!),
      inputs,
      { wait },
    )
    const times = samples.map(samplesUs)
    expect(times).toEqual(times.toSorted((a, b) => a - b))
    expect(await count(metrics, 'complete')).toBe(frames)
  })

  it.each(waits)('go on without one that is cut off, by %s wait at first, and then at once', async (wait) => {
    const isCut = (index: number): boolean => index >= 300 && index < 700
    const counts: Record<string, number> = {}
    const arrivals = arriving(() => 5_000).filter(({ input }) => {
      const index = counts[input] ?? 0
      counts[input] = index + 1
      return isFirst(input) || !isCut(index)
    })
    const { samples, metrics } = played(arrivals, inputs, { wait })
    expect(await count(metrics, 'partial')).toBe(400)
    expect(await count(metrics, 'complete')).toBe(frames - 400)
    expect(
      samples
        .slice(0, frames)
        .map(({ pmus }) => Number.isNaN(pmus[0]!.freq))
        .lastIndexOf(true),
    ).toBe(699)
  })
})

describe('an output', () => {
  const T0 = 1_700_000_000_000_000
  const nowAt = (atUs: number): Now => ({ utcUs: T0 + atUs, monotonicUs: atUs })

  /** Two PMUs that send every 20 ms, and what is done at some of the instants. */
  function run(instants: number, at: Readonly<Record<number, (line: ReturnType<typeof lineOf>) => void>>) {
    const line = lineOf()
    for (let n = 0; n < instants; n++) {
      at[n]?.(line)
      for (const idcode of [1, 2]) line.send(idcode, n)
      line.output.tick(nowAt(n * 20_000 + 19_000))
    }
    line.output.tick(nowAt(instants * 20_000 + 200_000))
    return line
  }

  function lineOf() {
    const line = outputOf()
    const configurations = new Map<number, Configuration>()
    const inputs = new Map<number, ReturnType<PdcOutput['input']>>()
    const away = new Set<number>()
    const shiftUs = new Map<number, number>()
    const configure = (idcode: number, pmu: Partial<Configuration['pmus'][number]>, n: number): void => {
      const configuration = configurationOf([{ idcode, ...pmu }])
      configurations.set(idcode, configuration)
      inputs.set(idcode, line.output.input(`${idcode}`, configuration, {}, nowAt(n * 20_000)))
    }
    for (const idcode of [1, 2]) configure(idcode, {}, 0)
    line.output.tick(nowAt(0))
    return {
      ...line,
      configure,
      away,
      shiftUs,
      send(idcode: number, n: number): void {
        if (away.has(idcode)) return
        const encoder = compileEncoder(configurations.get(idcode)!)
        const columns = encoder.createColumns()
        Object.assign(columns, frameTimeOf(T0 + n * 20_000 + (shiftUs.get(idcode) ?? 0), 1_000_000))
        columns.freq[0] = 50 + idcode / 10
        line.output.frame(inputs.get(idcode)!, encoder.encode(columns), nowAt(n * 20_000 + 5_000))
      },
      /** What each frame has of each PMU, read by the configuration it came under. */
      said: () =>
        line.frames.map((frame) => {
          const { configuration } = line.configurations.findLast(
            (aggregate) => dataFrameSize(aggregate.configuration) === frame.length,
          )!
          return compileDecoder(configuration).decode(frame).pmus
        }),
    }
  }

  it('goes on when one dies that was there, and has it again when it returns with another configuration', () => {
    const { said, configurations } = run(200, {
      50: ({ away }) => away.add(2),
      120: ({ away, configure }) => {
        configure(2, { phasors: [] }, 120)
        away.delete(2)
      },
    })
    const frames = said()
    expect(frames).toHaveLength(200)
    expect(configurations).toHaveLength(2)
    const isThere = frames.map(([, second]) => !Number.isNaN(second!.freq))
    // Of the instant of its return the frames are of the old configuration; for the next one nobody waits yet.
    expect([isThere.indexOf(false), isThere.lastIndexOf(false)]).toEqual([50, 121])
    expect(frames.every(([first]) => Math.abs(first!.freq - 50.1) < 0.001)).toBe(true)
    expect(frames.at(-1)!.map(({ phasors, stat }) => [phasors.length, stat])).toEqual([
      [2, 0x0400],
      [0, 0x0400],
    ])
  })

  it.each([3_600_000_000, -3_600_000_000])('goes on when the clock of one jumps by %d µs, and back', (jumpUs) => {
    const { said } = run(200, {
      50: ({ shiftUs }) => shiftUs.set(2, jumpUs),
      120: ({ shiftUs }) => shiftUs.delete(2),
    })
    const isThere = said().map(([, second]) => !Number.isNaN(second!.freq))
    expect(isThere).toHaveLength(200)
    // Nobody waits for the first one that is believed again.
    expect([isThere.indexOf(false), isThere.lastIndexOf(false)]).toEqual([50, 120])
  })
})
