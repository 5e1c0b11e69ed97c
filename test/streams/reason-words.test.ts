import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { reasonWords } from '../../src/streams/index.ts'

it('there are words for every reason that the documentation has', () => {
  const text = readFileSync(join(import.meta.dirname, '../../docs/resilience.md'), 'utf8')
  const rows = text.split('\n').filter((line) => /^\| (?:not received|lost at the )/.test(line))
  const reasons = rows.flatMap((row) => [...row.matchAll(/`([A-Za-z_-]+)`/g)].map(([, reason]) => reason!))
  // What is a setting, and no reason.
  const said = reasons.filter((reason) => reason !== 'maxAgeDays')
  expect(said.length).toBeGreaterThan(15)
  expect(said.filter((reason) => reasonWords(reason) === reason)).toEqual([])
})

it('a reason of others stays as it is', () => {
  expect(['rain', 'constructor', ''].map(reasonWords)).toEqual(['rain', 'constructor', ''])
})
