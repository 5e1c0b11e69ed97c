import { expect, it } from 'vitest'
import { EarlyExtras } from '../../src/pdc-adapter/early-extras.ts'

const frame = (size: number): Uint8Array[] => [new Uint8Array(size)]

it('gives back what came before the configuration, once', () => {
  const early = new EarlyExtras(() => {})
  early.put('a', 'header', frame(100))
  early.put('a', 'config-1', frame(50))
  early.put('a', 'header', frame(20))
  expect(early.bytes).toBe(70)
  expect([...early.take('a')!]).toEqual([
    ['header', frame(20)],
    ['config-1', frame(50)],
  ])
  expect(early.take('a')).toBeUndefined()
  expect(early.bytes).toBe(0)
})

it('lets go of the longest waiting where streams without a configuration would fill the memory', () => {
  let dropped = 0
  const early = new EarlyExtras(() => dropped++, 1000)
  for (let stream = 0; stream < 20_000; stream++) early.put(`s${stream}`, 'header', frame(100))
  expect(early.bytes).toBe(1000)
  expect(dropped).toBe(19_990)
  expect(early.take('s0')).toBeUndefined()
  expect(early.take('s19999')?.get('header')).toEqual(frame(100))
})

it('keeps nothing that is larger than all its room', () => {
  const early = new EarlyExtras(() => {}, 1000)
  early.put('a', 'config-3', frame(1001))
  expect(early.bytes).toBe(0)
})
