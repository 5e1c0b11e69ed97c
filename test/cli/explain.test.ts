import { expect, it } from 'vitest'
import { explain } from '../../src/cli/explain.ts'
import { JournalError } from '../../src/journal/index.ts'

it('what a module foresees is said without its code, with what to do about it', () => {
  const folder = '/var/lib/phasorbus/journal'
  const locked = new JournalError({ code: 'JOURNAL_LOCKED', folder, pid: 7 }, `${folder} is kept by process 7`)
  expect(explain(locked)).toEqual({
    exitCode: 1,
    message: `${folder} is kept by process 7`,
    hint: expect.stringContaining('stop that process'),
  })
  const range = new JournalError({ code: 'JOURNAL_BAD_RANGE', fromUs: 1, toUs: 0 }, 'no range')
  expect(explain(range)).toEqual({ exitCode: 1, message: 'no range' })
})
