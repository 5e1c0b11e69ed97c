import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { Database } from '../../src/historian/database.ts'

const rows = 'select range from range(100000)'

async function connected() {
  const folder = await mkdtemp(join(tmpdir(), 'phasorbus-database-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const database = await Database.open(join(folder, 'x.duckdb'), { memoryMiB: 128, threads: 1 })
  onTestFinished(() => database.close())
  return { database, connection: await database.connect() }
}

it('an answer that is read in parts is whole, whatever runs on other connections', async () => {
  const { database, connection } = await connected()
  const other = await database.connect()
  let count = 0
  for await (const page of connection.pages(rows)) {
    if (count === 0) await other.rows('select 1')
    count += page.length
  }
  expect(count).toBe(100_000)
  expect(await connection.rows('select 1')).toEqual([[1]])
})

it('an answer that another statement of its connection would cut is no answer', async () => {
  const { connection } = await connected()
  let count = 0
  const read = async (): Promise<void> => {
    for await (const page of connection.pages(rows)) {
      if (count === 0) await connection.rows('select 1')
      count += page.length
    }
  }
  await expect(read()).rejects.toMatchObject({ code: 'HISTORIAN_ANSWER_CUT' })
  expect(count).toBeLessThan(100_000)
  expect(await connection.rows('select 1')).toEqual([[1]])
})
