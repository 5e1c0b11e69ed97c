/** What stands in a query, and what comes out of one. */
import { Kind } from './schema.ts'

/** A text, such as the path of a file. */
export const text = (value: string): string => `'${value.replaceAll("'", "''")}'`

/** The name of a column, whatever a device calls its channels. */
export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`

/** A sealed file as a table. */
export const parquet = (path: string): string => `read_parquet(${text(path)})`

/** The same, with `file_row_number`: of one time and kind the last came last. */
export const numberedParquet = (path: string): string => `read_parquet(${text(path)}, file_row_number = true)`

/** Frames that came in time, late, or from a file, or complete others: of which values are shown. */
export const KINDS = `kind in (${Kind.live}, ${Kind.late}, ${Kind.revision}, ${Kind.imported})`

/** In which frames of one time are read: the last one has the value. What contradicts it is before it, what completes it after. */
export const rankOf = (kind: Kind): number =>
  kind === Kind.conflict || kind === Kind.outside ? 0 : kind === Kind.revision ? 2 : 1
export const RANK = `case kind ${Object.values(Kind)
  .map((kind) => `when ${kind} then ${rankOf(kind)}`)
  .join(' ')} end`

/** Of a column of blobs; only as long as the row is. */
export const bytesOf = (blob: unknown): Uint8Array => (blob as { readonly bytes: Uint8Array }).bytes
