import { mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type Connection, Database } from '../../src/historian/database.ts'

const rows = 'select range from range(100000)'

async function connected() {
  const folder = await mkdtemp(join(tmpdir(), 'phasorbus-database-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const database = await Database.open(join(folder, 'x.duckdb'), { memoryMiB: 128, threads: 1 })
  onTestFinished(() => database.close())
  return { database, connection: await database.connect(), folder }
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

/** DuckDB ends as it does where a disk fails while its log is merged. */
async function invalidated(connection: Connection): Promise<void> {
  await connection.run("set debug_checkpoint_abort = 'before_header'")
  await expect(connection.run('checkpoint')).rejects.toThrow(/^FATAL/)
}

describe('a database that DuckDB has given up', () => {
  it('is opened anew at the next try, where the first one fails: all connections go on', async () => {
    const { database, connection, folder } = await connected()
    const setUp = await database.connect(['create temp table mine as select 7 as seven'])
    await connection.run('create table t as select 1 as one')
    await invalidated(connection)
    await rename(folder, `${folder}-away`)
    await expect(database.reopen()).rejects.toMatchObject({ code: 'HISTORIAN_UNUSABLE' })
    await expect(connection.rows('from t')).rejects.toThrow(/disconnected/)
    await rename(`${folder}-away`, folder)
    await database.reopen()
    expect(await connection.rows('from t')).toEqual([[1]])
    expect(await setUp.rows('from mine')).toEqual([[7]])
  })

  it('has no connection of what it was before: one that is made meanwhile is of the new one', async () => {
    const { database, connection } = await connected()
    await connection.run('create table t as select 1 as one')
    await invalidated(connection)
    const connecting = database.connect()
    const reopening = database.reopen()
    const meanwhile = database.connect()
    await reopening
    for (const each of [await connecting, await meanwhile]) expect(await each.rows('from t')).toEqual([[1]])
  })
})
