import { describe, expect, it } from 'vitest'
import { type Configuration, FrameSplitter, fractionOf, socOf } from '../../src/c37118/index.ts'
import { needsCaptures, readCapture } from '../support/captures.ts'
import { metricSum } from '../support/metric-sum.ts'
import { configurationOf, pmuOf } from './configurations.ts'
import { type Arrival, played } from './played.ts'

describe.skipIf(needsCaptures.skip)(needsCaptures.title('a capture with doubled frames, a step back and gaps'), () => {
  const data: Uint8Array[] = []
  if (!needsCaptures.skip) {
    new FrameSplitter().push(readCapture('gsf_framecapture.PmuCapture'), (frame) => data.push(Uint8Array.from(frame)))
  }
  // It has none: 88 bytes are six phasors, three analogs and a digital word, all floats.
  const [phasor] = pmuOf().phasors
  const configuration: Configuration = configurationOf(
    [
      {
        format: { polar: true, phasors: 'float32', analogs: 'float32', freq: 'float32' },
        phasors: Array.from({ length: 6 }, (_, n) => ({ ...phasor!, name: `V${n}` })),
        analogs: Array.from({ length: 3 }, (_, n) => ({ name: `A${n}`, type: 0, scale: 1 })),
      },
    ],
    { dataRate: 30 },
  )
  const slotOf = (frame: Uint8Array): number =>
    Math.round((socOf(frame) + fractionOf(frame) / configuration.timeBase) * configuration.dataRate)
  /** One after the other, in the order of the file, as evenly as they were sent. */
  const arrivals = (): Arrival[] => {
    const beginUs = (slotOf(data[0]!) * 1_000_000) / configuration.dataRate
    return data.map((frame, n) => ({
      input: 'one',
      frame,
      atUs: Math.round(beginUs + 20_000 + (n * 1_000_000) / configuration.dataRate),
    }))
  }

  it('comes out in order, each instant once, with what each of them was counted', async () => {
    const { dataRate } = configuration
    const distinct = new Set(data.map(slotOf))
    // What the file has: the test of a PDC is of no use on one in order.
    const steps = data.slice(1).map((frame, n) => slotOf(frame) - slotOf(data[n]!))
    expect([steps.filter((step) => step === 0).length > 0, steps.some((step) => step < 0)]).toEqual([true, true])

    const changes = { dataRate, wait: 'relative', waitUs: 400_000, leadUs: 60_000_000 }
    const { samples, metrics } = played(arrivals(), new Map([['one', configuration]]), changes)
    const count = (reason: string): Promise<number> =>
      metricSum(metrics, 'phasorbus_pdc_input_unused_frames_total', { reason })
    const [late, duplicate] = [await count('late'), await count('duplicate')]
    const taken = await metricSum(metrics, 'phasorbus_pdc_input_frames_total')
    expect(taken + late + duplicate).toBe(data.length)
    expect(taken).toBe(distinct.size)

    const slots = samples.map(({ soc, fraction }) => Math.round((soc + fraction / 1_000_000) * dataRate))
    expect(slots).toEqual([...new Set(slots)].toSorted((one, other) => one - other))
    const present = slots.filter((_, n) => !Number.isNaN(samples[n]!.pmus[0]!.freq))
    expect(new Set(present)).toEqual(distinct)
    // Instants of which nothing came stand between them, marked absent.
    expect(slots.length).toBe(slots.at(-1)! - slots[0]! + 1)
  })
})
