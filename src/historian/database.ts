/**
 * DuckDB, as far as the historian uses it. It is an optional dependency, and
 * loaded here alone: an adapter in a substation installs without it.
 *
 * One process owns the file. Statements run in threads of their own, those of
 * one connection one after the other.
 */
import { setTimeout as pause, setImmediate as turn } from 'node:timers/promises'
import type {
  DuckDBAppender,
  DuckDBConnection,
  DuckDBInstance,
  DuckDBTimestampTZValue,
  DuckDBValue,
} from '@duckdb/node-api'
import { HistorianError } from './historian-error.ts'

export interface DatabaseOptions {
  /** Of its buffers, in MiB: beyond it DuckDB spills to disk. */
  readonly memoryMiB: number
  readonly threads: number
}

const CELLS_PER_PAGE = 2500
const INTERRUPT_MS = 20

export type Row = readonly DuckDBValue[]

export class Database {
  readonly #path: string
  readonly #options: DatabaseOptions
  #instance: DuckDBInstance
  readonly #connections = new Set<Connection>()
  /** One that is made while the database is opened anew would be of the old one. */
  #last: Promise<unknown> = Promise.resolve()

  private constructor(path: string, options: DatabaseOptions, instance: DuckDBInstance) {
    this.#path = path
    this.#options = options
    this.#instance = instance
  }

  /** Opens the file, or makes it. Throws HistorianError. */
  static async open(path: string, options: DatabaseOptions): Promise<Database> {
    return new Database(path, options, await opened(path, options))
  }

  /** `setup`: statements that it begins with, also when it is made anew. */
  connect(setup: readonly string[] = []): Promise<Connection> {
    return this.#inTurn(async () => {
      const made = await this.#instance.connect()
      const connection = new Connection(made, setup, () => this.#connections.delete(connection))
      this.#connections.add(connection)
      await connection.begin()
      return connection
    })
  }

  /**
   * Where a write failed in the middle, a full disk for one, DuckDB trusts nothing
   * that it has in memory, and refuses all that follows. Read anew from disk it is
   * as it was before. All connections go on; what they were at fails. Where it
   * rejects, nothing goes on until it is called again.
   */
  reopen(): Promise<void> {
    return this.#inTurn(async () => {
      const connections = [...this.#connections]
      await Promise.all(connections.map((connection) => connection.drop()))
      this.#instance.closeSync()
      this.#instance = await opened(this.#path, this.#options)
      for (const connection of connections) await connection.replace(await this.#instance.connect())
    })
  }

  /** What runs is interrupted, and fails. */
  close(): Promise<void> {
    return this.#inTurn(async () => {
      await Promise.all([...this.#connections].map((connection) => connection.end()))
      this.#instance.closeSync()
    })
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work)
    this.#last = done.catch(() => {})
    return done
  }
}

async function opened(path: string, { memoryMiB, threads }: DatabaseOptions): Promise<DuckDBInstance> {
  const { DuckDBInstance } = await load()
  try {
    return await DuckDBInstance.create(path, { memory_limit: `${memoryMiB}MiB`, threads: `${threads}` })
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error)
    throw new HistorianError({ code: 'HISTORIAN_UNUSABLE', folder: path, cause }, `${path}: ${cause}`, { cause: error })
  }
}

/** Its statements run in the order in which they were given. */
export class Connection {
  #connection: DuckDBConnection
  readonly #setup: readonly string[]
  readonly #closed: () => void
  #last: Promise<unknown> = Promise.resolve()
  /** How many statements have begun. */
  #statements = 0
  /** What DuckDB is at: to take its connection away meanwhile would end the process. */
  readonly #atWork = new Set<Promise<unknown>>()
  #ended: Promise<void> | undefined

  constructor(connection: DuckDBConnection, setup: readonly string[], closed: () => void) {
    this.#connection = connection
    this.#setup = setup
    this.#closed = closed
  }

  async begin(): Promise<void> {
    for (const statement of this.#setup) await this.run(statement)
  }

  /** It is of a database that is no more. It may be dropped already, where that was not opened anew. */
  async drop(): Promise<void> {
    await this.#last
    // An answer that is being read is cut.
    this.#statements++
    await this.#rest()
    this.#connection.closeSync()
  }

  async replace(connection: DuckDBConnection): Promise<void> {
    // Whoever uses it may have closed it meanwhile.
    if (this.#ended) return connection.closeSync()
    this.#connection = connection
    await this.begin()
  }

  async run(sql: string, values: DuckDBValue[] = []): Promise<void> {
    await this.#inTurn(() => this.#work(() => this.#connection.run(sql, values)))
  }

  async rows(sql: string, values: DuckDBValue[] = []): Promise<readonly Row[]> {
    return this.#inTurn(() => this.#work(async () => (await this.#connection.run(sql, values)).getRows()))
  }

  /**
   * Parts of an answer of any size, as they are read. `weight`: numbers that are made of a row, besides its own; a part
   * is made, and may be used, within a turn. `pause`: is awaited after each part. Until the last part is read the
   * connection may run nothing else: throws HistorianError where it did, for DuckDB would end the answer there.
   */
  async *pages(
    sql: string,
    values: DuckDBValue[] = [],
    weight = 0,
    pause: () => Promise<unknown> = turn,
  ): AsyncGenerator<readonly Row[]> {
    const { result, statement } = await this.#inTurn(async () => ({
      statement: this.#statements,
      result: await this.#work(() => this.#connection.stream(sql, values)),
    }))
    for (;;) {
      const chunk = await this.#work(() => result.fetchChunk()).catch((error: unknown) => {
        this.#checkUncut(statement, sql)
        throw error
      })
      this.#checkUncut(statement, sql)
      if (!chunk || chunk.rowCount === 0) return
      const most = Math.max(1, Math.floor(CELLS_PER_PAGE / (chunk.columnCount + weight)))
      for (let from = 0; from < chunk.rowCount; from += most) {
        const count = Math.min(most, chunk.rowCount - from)
        yield Array.from({ length: count }, (_, at) => chunk.getRowValues(from + at))
        await pause()
      }
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

  /** Whoever uses it is done with it. */
  close(): void {
    void this.end()
  }

  /** Whoever uses it gets a failure. Resolves when DuckDB has let go of it. */
  end(): Promise<void> {
    this.#ended ??= this.#end()
    return this.#ended
  }

  appender(table: string): Promise<DuckDBAppender> {
    return this.#work(() => this.#connection.createAppender(table, null, 'temp'))
  }

  async #end(): Promise<void> {
    if (this.#atWork.size > 0) await this.#rest()
    this.#connection.closeSync()
    this.#closed()
  }

  /** Interrupts what runs, and resolves when nothing does. */
  async #rest(): Promise<void> {
    while (this.#atWork.size > 0) {
      // What has not begun yet is not interrupted.
      this.#connection.interrupt()
      await Promise.race([Promise.allSettled(this.#atWork), pause(INTERRUPT_MS)])
    }
  }

  async #work<T>(work: () => Promise<T>): Promise<T> {
    this.#checkOpen()
    const done = work()
    this.#atWork.add(done)
    try {
      const result = await done
      // Interrupted, DuckDB may end an answer as if that were all.
      this.#checkOpen()
      return result
    } finally {
      this.#atWork.delete(done)
    }
  }

  #checkOpen(): void {
    if (this.#ended) throw new HistorianError({ code: 'HISTORIAN_CLOSED' }, 'the historian is stopping')
  }

  #checkUncut(statement: number, sql: string): void {
    if (this.#statements === statement) return
    throw new HistorianError(
      { code: 'HISTORIAN_ANSWER_CUT', sql },
      'another statement ran on the connection on which an answer was being read: give it one of its own',
    )
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(() => {
      this.#statements++
      return work()
    })
    this.#last = done.catch(() => {})
    return done
  }
}

/** Nothing can be done with the database any more, but to open it anew. */
export const isFatal = (error: unknown): boolean =>
  error instanceof Error && /invalidated|must be restarted|^FATAL/i.test(error.message)

/** Throws HistorianError where it is not installed. */
export async function requireDuckDb(): Promise<void> {
  await load()
}

/** Makes values of a `timestamptz` of µs since the UNIX epoch. */
export async function timestamps(): Promise<(us: number) => DuckDBTimestampTZValue> {
  const { DuckDBTimestampTZValue } = await load()
  return (us) => new DuckDBTimestampTZValue(BigInt(us))
}

async function load(): Promise<typeof import('@duckdb/node-api')> {
  try {
    return await import('@duckdb/node-api')
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error)
    throw new HistorianError(
      { code: 'HISTORIAN_NO_DUCKDB', cause },
      'this needs DuckDB, which is not installed: npm install @duckdb/node-api',
      { cause: error },
    )
  }
}
