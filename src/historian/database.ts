/**
 * DuckDB, as far as the historian uses it. It is an optional dependency, and
 * loaded here alone: an adapter in a substation installs without it.
 *
 * One process owns the file. Statements run in threads of their own, those of
 * one connection one after the other.
 */
import type { DuckDBAppender, DuckDBConnection, DuckDBInstance, DuckDBValue } from '@duckdb/node-api'
import { HistorianError } from './historian-error.ts'

export interface DatabaseOptions {
  /** Of its buffers, in MiB: beyond it DuckDB spills to disk. */
  readonly memoryMiB: number
  readonly threads: number
}

export type Row = readonly DuckDBValue[]

export class Database {
  readonly #instance: DuckDBInstance

  private constructor(instance: DuckDBInstance) {
    this.#instance = instance
  }

  /** Opens the file, or makes it. Throws HistorianError. */
  static async open(path: string, { memoryMiB, threads }: DatabaseOptions): Promise<Database> {
    const { DuckDBInstance } = await load()
    try {
      const settings = { memory_limit: `${memoryMiB}MiB`, threads: `${threads}` }
      return new Database(await DuckDBInstance.create(path, settings))
    } catch (error) {
      const cause = error instanceof Error ? error.message : String(error)
      throw new HistorianError({ code: 'HISTORIAN_UNUSABLE', folder: path, cause }, `${path}: ${cause}`, {
        cause: error,
      })
    }
  }

  async connect(): Promise<Connection> {
    return new Connection(await this.#instance.connect())
  }

  close(): void {
    this.#instance.closeSync()
  }
}

/** Its statements run in the order in which they were given. */
export class Connection {
  readonly #connection: DuckDBConnection
  #last: Promise<unknown> = Promise.resolve()

  constructor(connection: DuckDBConnection) {
    this.#connection = connection
  }

  async run(sql: string, values: DuckDBValue[] = []): Promise<void> {
    await this.#inTurn(() => this.#connection.run(sql, values))
  }

  async rows(sql: string, values: DuckDBValue[] = []): Promise<readonly Row[]> {
    return this.#inTurn(async () => (await this.#connection.run(sql, values)).getRows())
  }

  /** Parts of an answer of any size, as they are read. */
  async *pages(sql: string, values: DuckDBValue[] = []): AsyncGenerator<readonly Row[]> {
    const result = await this.#inTurn(() => this.#connection.stream(sql, values))
    for (;;) {
      const chunk = await result.fetchChunk()
      if (!chunk || chunk.rowCount === 0) return
      yield chunk.getRows()
    }
  }

  /** All of it, or nothing. */
  async transaction(work: () => Promise<void>): Promise<void> {
    await this.run('begin transaction')
    try {
      await work()
      await this.run('commit')
    } catch (error) {
      // What began it may have ended it, too.
      await this.run('rollback').catch(() => {})
      throw error
    }
  }

  close(): void {
    this.#connection.closeSync()
  }

  appender(table: string): Promise<DuckDBAppender> {
    return this.#connection.createAppender(table, null, 'temp')
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work)
    this.#last = done.catch(() => {})
    return done
  }
}

async function load(): Promise<typeof import('@duckdb/node-api')> {
  try {
    return await import('@duckdb/node-api')
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error)
    throw new HistorianError(
      { code: 'HISTORIAN_NO_DUCKDB', cause },
      'a historian needs DuckDB, which is not installed: npm install @duckdb/node-api',
      { cause: error },
    )
  }
}
