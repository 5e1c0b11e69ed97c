/**
 * Takes what one producer receives, and keeps it. Every call is synchronous and
 * on the main path; none throws, none waits for the disk (but with a write
 * delay of 0 `data`, for one write).
 */
export interface StreamJournal {
  /** The source is online: the first frame follows. */
  sessionBegan(): void
  /** The source is offline, or could not be reached (again). `reason`: a code, such as `LINK_SILENT`. */
  sessionEnded(reason: string): void
  /** In force for the data from here on: a CFG-2, or all fragments of a CFG-3. */
  configuration(fragments: readonly Uint8Array[]): void
  /** One data frame with a right CHK; copied. */
  data(frame: Uint8Array): void
  /** Something came since the last data frame that could have been one, and is not: of wrong CHK, say. */
  unusable(reason: string): void
  /** First and last time of what is kept, µs since the UNIX epoch; undefined before the first frame. */
  readonly span: JournalSpan | undefined
}

export interface JournalSpan {
  readonly fromUs: number
  readonly toUs: number
}
