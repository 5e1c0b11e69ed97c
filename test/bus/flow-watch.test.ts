import { describe, expect, it } from 'vitest'
import { FLOW_TICK_MS, FlowWatch } from '../../src/bus/flow-watch.ts'

/** Ticks for so long, with so many frames in each. */
function flow(
  watch: FlowWatch,
  state: { now: number; frames: number },
  ms: number,
  each: (tick: number) => number,
): void {
  for (let tick = 0; tick < ms / FLOW_TICK_MS; tick++) {
    state.now += FLOW_TICK_MS
    state.frames += each(tick)
    watch.tick(state.now, state.frames)
  }
}
const open = () => ({ watch: new FlowWatch(2000), state: { now: 0, frames: 0 } })

describe('a flow of frames', () => {
  it('is silent when it stops for two seconds, and no sooner', () => {
    const { watch, state } = open()
    flow(watch, state, 3000, () => 12)
    flow(watch, state, 1750, () => 0)
    expect(watch.isSilent).toBe(false)
    flow(watch, state, 250, () => 0)
    expect(watch.isSilent).toBe(true)
    flow(watch, state, 250, () => 1)
    expect([watch.isSilent, watch.isExpected]).toEqual([false, true])
  })

  it('is not expected where none was', () => {
    const { watch, state } = open()
    flow(watch, state, 60_000, () => 0)
    expect([watch.isExpected, watch.isSilent]).toEqual([false, false])
  })

  it('is not expected of a stream of less than a frame a second', () => {
    const { watch, state } = open()
    flow(watch, state, 60_000, (tick) => (tick % 5 === 0 ? 1 : 0))
    expect(watch.isExpected).toBe(false)
  })

  it('is expected of one of two frames a second', () => {
    const { watch, state } = open()
    flow(watch, state, 10_000, (tick) => (tick % 2 === 0 ? 1 : 0))
    expect(watch.isExpected).toBe(true)
  })

  it('is not expected any more once nobody wants it', () => {
    const { watch, state } = open()
    flow(watch, state, 3000, () => 12)
    watch.forget()
    flow(watch, state, 10_000, () => 0)
    expect([watch.isExpected, watch.isSilent]).toEqual([false, false])
  })

  it('has its time again after a move, and is not blamed for a late look', () => {
    const { watch, state } = open()
    flow(watch, state, 3000, () => 12)
    flow(watch, state, 1750, () => 0)
    watch.moved()
    flow(watch, state, 1750, () => 0)
    expect(watch.isSilent).toBe(false)
    watch.moved()
    watch.tick(state.now + 60_000, state.frames)
    expect(watch.isSilent).toBe(false)
  })
})
