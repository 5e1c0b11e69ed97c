import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { Database } from '../../src/historian/database.ts'

it('a database that is closed ends what is being read, with a failure, and not the process', async () => {
  const path = await mkdtemp(join(tmpdir(), 'phasorbus-closing-'))
  onTestFinished(() => rm(path, { recursive: true, force: true }))
  for (let round = 0; round < 10; round++) {
    const database = await Database.open(join(path, `${round}.duckdb`), { memoryMiB: 128, threads: 1 })
    const reading = Array.from({ length: 4 }, async (_, at) => {
      const connection = await database.connect()
      try {
        if (at % 2 === 0)
          return await connection.rows('select sum(a.range * b.range) from range(1000000) a, range(100000) b')
        let rows = 0
        for await (const page of connection.pages('select * from range(1000000000)')) rows += page.length
        return rows
      } finally {
        connection.close()
      }
    })
    // They have begun.
    const other = await database.connect()
    await other.rows('select 1')
    const failures = Promise.allSettled(reading)
    await database.close()
    for (const { status } of await failures) expect(status).toBe('rejected')
    await expect(other.rows('select 1')).rejects.toMatchObject({ facts: { code: 'HISTORIAN_CLOSED' } })
  }
})
