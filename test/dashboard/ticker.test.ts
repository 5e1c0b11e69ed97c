import { afterEach, describe, expect, it, vi } from 'vitest'

/** Frames of a browser, one at a time, and its clock. */
async function tickerWithFrames() {
  let frame: (() => void) | undefined
  let nowMs = 0
  vi.stubGlobal('requestAnimationFrame', (call: () => void) => {
    frame = call
  })
  vi.spyOn(performance, 'now').mockImplementation(() => nowMs)
  vi.resetModules()
  const ticker = await import('../../dashboard/src/scene/ticker.ts')
  return {
    ...ticker,
    takes: (ms: number): void => {
      nowMs += ms
    },
    frame(): boolean {
      const call = frame
      frame = undefined
      nowMs += 16
      call?.()
      return call !== undefined
    },
  }
}
afterEach(() => {
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

describe('the ticker', () => {
  it('draws as often as it was told, and not at all when nobody wants it', async () => {
    const { everyTick, frame } = await tickerWithFrames()
    let drawn = 0
    const end = everyTick(10, () => drawn++)
    for (let n = 0; n < 63; n++) frame()
    expect(drawn).toBeGreaterThanOrEqual(9)
    expect(drawn).toBeLessThanOrEqual(11)
    end()
    frame()
    expect(frame()).toBe(false)
  })

  it('goes on when something cannot be drawn', async () => {
    const { everyTick, frame } = await tickerWithFrames()
    let drawn = 0
    everyTick(60, () => {
      if (drawn++ === 0) throw new Error('no room')
    })
    expect(() => frame()).toThrow('no room')
    frame()
    frame()
    expect(drawn).toBeGreaterThan(1)
  })

  it('draws in the next frame what does not fit into one: the longest overdue first', async () => {
    const { everyTick, frame, takes } = await tickerWithFrames()
    const drawn: string[] = []
    for (const name of ['a', 'b', 'c'])
      everyTick(60, () => {
        drawn.push(name)
        takes(8)
      })
    for (let n = 0; n < 60; n++) frame()
    const counts = ['a', 'b', 'c'].map((name) => drawn.filter((each) => each === name).length)
    expect(Math.min(...counts)).toBeGreaterThan(20)
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(3)
  })

  it('draws one canvas a frame, each as often as others, and what is none beside it', async () => {
    const { everyTick, frame } = await tickerWithFrames()
    let drawn: string[] = []
    for (const name of ['a', 'b', 'c']) everyTick(60, () => drawn.push(name), true)
    everyTick(60, () => drawn.push('text'))
    const frames: string[][] = []
    for (let n = 0; n < 30; n++) {
      drawn = []
      frame()
      frames.push(drawn)
    }
    const canvases = frames.map((names) => names.filter((name) => name !== 'text'))
    expect(canvases.every((names) => names.length <= 1)).toBe(true)
    const counts = ['a', 'b', 'c'].map((name) => canvases.flat().filter((each) => each === name).length)
    expect(Math.min(...counts)).toBeGreaterThanOrEqual(8)
    expect(frames.filter((names) => names.includes('text')).length).toBeGreaterThanOrEqual(14)
  })

  it('draws once what is wanted once', async () => {
    const { onceSoon, frame } = await tickerWithFrames()
    let drawn = 0
    onceSoon(() => drawn++)
    onceSoon(() => drawn++)()
    for (let n = 0; n < 9; n++) frame()
    expect(drawn).toBe(1)
  })
})
