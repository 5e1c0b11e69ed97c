import { afterEach, expect, it, vi } from 'vitest'
import { silentLog } from '../../src/runtime/log.ts'
import { OccasionalLog } from '../../src/runtime/occasional-log.ts'

afterEach(() => void vi.restoreAllMocks())

it('a warning that others may cause is said once in ten seconds, with how many were not, and cut', () => {
  let nowMs = 0
  vi.spyOn(performance, 'now').mockImplementation(() => nowMs)
  const said: unknown[] = []
  const log = new OccasionalLog({ ...silentLog, warn: (...of: unknown[]) => void said.push(of) } as typeof silentLog)
  for (let n = 0; n < 1000; n++) log.warn({ client: 'x'.repeat(60_000), n }, 'refused')
  log.warn({ n: 1 }, 'another kind')
  nowMs = 10_000
  log.warn({ client: 'y', n: undefined }, 'refused')
  expect(said).toEqual([
    [{ client: 'x'.repeat(64), n: 0 }, 'refused'],
    [{ n: 1 }, 'another kind'],
    [{ client: 'y', n: undefined, others: 999 }, 'refused'],
  ])
})
