/** What the hot part of a store has. Append only, without keys: DuckDB replays its log faithfully for nothing else. */
export const STORE_VERSION = 1

export const SCHEMA = `
create table if not exists store (version integer);
create table if not exists streams (stream integer, topic varchar);
create table if not exists configurations (epoch integer, stream integer, since_us bigint, frames blob);
create table if not exists frames (batch bigint, stream integer, epoch integer, hour integer, time_us bigint, kind utinyint, frame blob);
create table if not exists held (batch bigint, stream integer, ledger blob);
create table if not exists stretches (batch bigint, stream integer, why varchar, reason varchar, data_rate integer, time_base integer, from_slot bigint, to_slot bigint, from_us bigint, last_us bigint);
create table if not exists segments (stream integer, epoch integer, tier varchar, hour integer, generation integer, path varchar, row_count bigint, from_us bigint, to_us bigint, bytes bigint);
`

/** What is to be written in one transaction comes in here first: temporary tables cost no sync. */
export const STAGED = ['streams', 'configurations', 'frames', 'held', 'stretches'] as const
export const STAGING = STAGED.map((table) => `create temp table staged_${table} as from ${table} limit 0`)

/** How a frame came. Numbers of the schema; never changed. */
export const Kind = {
  live: 0,
  late: 1,
  /** It stands outside the accounts: stale, of the future, off the grid. */
  outside: 2,
  /** Of a timestamp that is held, with other bytes. */
  conflict: 3,
  /** A PDC completed the frame of a timestamp that is held. */
  revision: 4,
  /** Brought in from a file, of a time that the accounts do not have. */
  imported: 5,
} as const
export type Kind = (typeof Kind)[keyof typeof Kind]

/** The hours of the UNIX epoch, of which each is a file. */
export const HOUR_US = 3_600_000_000
export const hourOf = (us: number): number => Math.floor(us / HOUR_US)
