import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Now } from '../../src/pdc/alignment-window.ts'
import { SlotWindow, type SlotWindowSettings } from '../../src/pdc/slot-window.ts'
import { SlotGrid } from '../../src/streams/index.ts'
import { type ModelEvent, type Released, SlotWindowModel } from './slot-window-model.ts'

const grid = SlotGrid.of({ dataRate: 50, timeBase: 1_000_000 })!
const startUs = 1_700_000_000_000_000
const at = (ms: number): Now => ({ utcUs: startUs + ms * 1000, monotonicUs: 5_000_000 + ms * 1000 })

function windowOf(settings: Partial<SlotWindowSettings> = {}, inputs = 3) {
  const released: Released[] = []
  const verdicts: string[] = []
  let skipped = 0
  const window = new SlotWindow<undefined>(
    {
      grid,
      wait: 'relative',
      waitUs: 100_000,
      leadUs: 5_000_000,
      staleUs: 60_000_000,
      silentUs: 1_000_000,
      ...settings,
    },
    {
      open: () => undefined,
      release: ({ slot, present }) =>
        released.push({ slot, present: [...present.keys()].filter((input) => present[input] === 1) }),
      skipped: (slots) => {
        skipped += slots
      },
      restarted() {},
    },
  )
  for (let input = 0; input < inputs; input++) window.join(at(0))
  const arrives = (input: number, timeUs: number, now: Now): void => {
    const open = window.place(input, (settings.grid ?? grid).slotNear(timeUs), timeUs, now)
    verdicts.push(typeof open === 'string' ? open : 'taken')
    if (typeof open !== 'string') window.take(input, open)
    window.turn(now)
  }
  return {
    window,
    released,
    verdicts,
    arrives,
    /** Frame number `n` from the start, at 50 frames/s. */
    frame: (input: number, n: number, ms: number) => arrives(input, startUs + n * 20_000, at(ms)),
    tick: (ms: number) => window.tick(at(ms)),
    present: () => released.map(({ present }) => present.join('')),
    get skipped() {
      return skipped
    },
  }
}

describe('an instant', () => {
  it('goes as soon as all inputs have come', () => {
    const { frame, present } = windowOf()
    frame(0, 0, 30)
    frame(2, 0, 31)
    expect(present()).toEqual([])
    frame(1, 0, 45)
    expect(present()).toEqual(['012'])
  })

  it('goes, by relative wait, so long after its first frame, with what there is', () => {
    const { frame, tick, present, window } = windowOf()
    frame(0, 0, 30)
    frame(2, 0, 60)
    expect(window.dueUs(at(60))).toBe(at(130).monotonicUs)
    tick(129)
    expect(present()).toEqual([])
    tick(130)
    expect(present()).toEqual(['02'])
  })

  it('goes, by absolute wait, so long after its own time, with what there is and also with nothing', () => {
    const { frame, tick, present, window } = windowOf({ wait: 'absolute' })
    frame(0, 0, 30)
    expect(window.dueUs(at(30))).toBe(at(100).monotonicUs)
    tick(99)
    expect(present()).toEqual([])
    tick(100)
    tick(120)
    expect(present()).toEqual(['0', ''])
  })

  it('never goes before an earlier one', () => {
    const { frame, tick, released } = windowOf()
    frame(0, 0, 30)
    for (const input of [0, 1, 2]) frame(input, 1, 50)
    expect(released).toEqual([])
    tick(130)
    expect(released.map(({ present }) => present.length)).toEqual([1, 3])
  })

  it('does not wait for who has been silent, or is known to be away', () => {
    const { frame, tick, present, window } = windowOf()
    for (let n = 0; n < 60; n++) {
      frame(0, n, 20 * n + 5)
      frame(1, n, 20 * n + 5)
      tick(20 * n + 5)
    }
    // A second and the wait after the start: the third is not waited for any more.
    expect(present().at(-1)).toBe('01')
    expect(window.openSlots).toBe(0)
    window.away(1)
    frame(0, 60, 1205)
    expect(present().at(-1)).toBe('0')
    // Back with its first frame.
    frame(2, 61, 1225)
    frame(0, 61, 1225)
    expect(window.openSlots).toBe(0)
    frame(0, 62, 1245)
    expect(window.openSlots).toBe(1)
  })
})

describe('a frame', () => {
  it('of an instant that has gone is late, of one that has it a duplicate', () => {
    const { frame, tick, verdicts } = windowOf()
    frame(0, 1, 30)
    frame(0, 1, 31)
    // Nothing has gone yet: the window begins with the earliest.
    frame(1, 0, 32)
    tick(132)
    frame(1, 1, 133)
    frame(0, 1, 134)
    expect(verdicts).toEqual(['taken', 'duplicate', 'taken', 'late', 'duplicate'])
  })

  it('from another hour moves nothing', () => {
    const { frame, tick, verdicts, released, present } = windowOf()
    for (const input of [0, 1, 2]) frame(input, 0, 10)
    frame(2, 180_000, 20)
    frame(2, -180_000, 21)
    for (const input of [0, 1, 2]) frame(input, 1, 30)
    tick(400)
    expect(verdicts.filter((verdict) => verdict !== 'taken')).toEqual(['future', 'stale'])
    expect(present()).toEqual(['012', '012'])
    expect(released[1]!.slot - released[0]!.slot).toBe(1)
  })

  it('of a clock that is ahead by less than the limit waits for its own time', () => {
    const { frame, tick, verdicts, present } = windowOf()
    frame(2, 100, 0)
    for (let n = 0; n < 105; n++) {
      for (const input of [0, 1]) frame(input, n, 20 * n + 30)
      tick(20 * n + 30)
    }
    tick(2300)
    expect(new Set(verdicts)).toEqual(new Set(['taken']))
    expect(present().slice(0, 3)).toEqual(['01', '01', '01'])
    expect(present().filter((inputs) => inputs.includes('2'))).toEqual(['012'])
  })
})

describe('a clock that was set back', () => {
  it('is followed: the instants that went by the wrong one are not waited for', () => {
    const { window, arrives, tick, released } = windowOf({ wait: 'absolute' }, 1)
    arrives(0, startUs, at(10))
    window.tick({ utcUs: at(3_600_000).utcUs, monotonicUs: at(20).monotonicUs })
    tick(30)
    arrives(0, startUs + 40_000, at(50))
    expect(released.at(-1)).toEqual({ slot: grid.slotNear(startUs + 40_000), present: [0] })
  })
})

describe('after a pause', () => {
  it('empty instants of the last second are said, older ones are passed over', () => {
    const line = windowOf({ wait: 'absolute' })
    for (const input of [0, 1, 2]) line.frame(input, 0, 10)
    line.tick(10_000)
    expect(line.released).toHaveLength(51)
    // Up to the instant whose wait ends now: 495 of them.
    expect(line.skipped + line.released.length - 1).toBe(495)
  })

  it('by relative wait they are those before what has come', () => {
    const line = windowOf()
    for (const input of [0, 1, 2]) line.frame(input, 0, 10)
    line.tick(10_000)
    expect(line.released).toHaveLength(1)
    for (const input of [0, 1, 2]) line.frame(input, 500, 10_010)
    line.tick(10_110)
    expect(line.released).toHaveLength(52)
    expect(line.skipped).toBe(449)
    expect(line.present().at(-1)).toBe('012')
  })
})

describe('an input that joins', () => {
  it('is of the instants that begin afterwards, and waited for there', () => {
    const { window, frame, present, tick } = windowOf({}, 1)
    window.away(0)
    frame(0, 0, 10)
    expect(present()).toEqual(['0'])
    frame(0, 2, 20)
    const joined = window.join(at(25))
    expect(joined).toBe(1)
    frame(1, 2, 26)
    tick(140)
    frame(0, 3, 145)
    expect(present()).toEqual(['0', '', '0'])
    frame(1, 3, 150)
    expect(present()).toEqual(['0', '', '0', '01'])
  })
})

describe('random arrivals', () => {
  const gridOf = fc
    .constantFrom(
      [50, 1_000_000],
      [60, 16_777_215],
      [10, 1000],
      [1, 1_000_000],
      [-2, 1_000_000],
      [100, 4096],
      [120, 1_000_000],
    )
    .map(([dataRate, timeBase]) => SlotGrid.of({ dataRate: dataRate!, timeBase: timeBase! })!)
  const scenario = fc.record({
    grid: gridOf,
    wait: fc.constantFrom('absolute' as const, 'relative' as const),
    waitPeriods: fc.constantFrom(0, 0.5, 1, 3, 10, 200),
    inputs: fc.integer({ min: 1, max: 5 }),
    silentPeriods: fc.constantFrom(2, 10, 50),
    events: fc.array(
      fc.record({
        input: fc.option(fc.integer({ min: 0, max: 4 }), { freq: 5 }),
        stepPeriods: fc.oneof(
          { weight: 9, arbitrary: fc.double({ min: 0, max: 1, noNaN: true }) },
          fc.constantFrom(0, 5, 100),
        ),
        /** How old the frame is. */
        agePeriods: fc.oneof(
          { weight: 8, arbitrary: fc.double({ min: 0, max: 3, noNaN: true }) },
          fc.constantFrom(-1e6, -20, -4, 12, 60, 1e6),
        ),
        /** The clock of the day is set. */
        setPeriods: fc.oneof({ weight: 30, arbitrary: fc.constant(0) }, fc.constantFrom(-30, 40)),
      }),
      { maxLength: 120 },
    ),
  })

  it('go as the plain model says', () => {
    fc.assert(
      fc.property(scenario, ({ grid, wait, waitPeriods, inputs, silentPeriods, events }) => {
        const { periodUs } = grid
        const settings = {
          grid,
          wait,
          waitUs: Math.round(waitPeriods * periodUs),
          leadUs: Math.round(30 * periodUs),
          staleUs: Math.round(100 * periodUs),
          silentUs: Math.round(silentPeriods * periodUs),
        }
        const line = windowOf(settings, inputs)
        const model = new SlotWindowModel({ ...settings, inputs }, at(0).monotonicUs)
        let [utcUs, monotonicUs] = [at(0).utcUs, at(0).monotonicUs]
        for (const { input, stepPeriods, agePeriods, setPeriods } of events) {
          const stepUs = Math.round(stepPeriods * periodUs)
          monotonicUs += stepUs
          utcUs += stepUs + Math.round(setPeriods * periodUs)
          const now = { utcUs, monotonicUs }
          const timeUs = Math.max(0, Math.round(utcUs - agePeriods * periodUs))
          const event: ModelEvent = input === null || input >= inputs ? now : { ...now, input, timeUs }
          model.happens(event)
          if (event.input === undefined) line.window.tick(now)
          else line.arrives(event.input, timeUs, now)
        }
        expect(line.released).toEqual(model.released)
        expect(line.verdicts).toEqual(model.verdicts)
        expect(line.skipped).toBe(model.skipped)
      }),
      { numRuns: 3000 },
    )
  })
})
