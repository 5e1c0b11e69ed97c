import type { DataColumns } from './data-columns.ts'

/**
 * A part of a data frame whose numbers are written alike: words to physical
 * values and back. Made once per configuration; the indices are fixed in it.
 */
export interface ChannelCodec {
  /** `raw` to the physical columns. */
  toPhysical(columns: DataColumns): void
  /**
   * Physical columns to `raw`. A word that already says the value is left as it
   * is: what was decoded and not changed is written bit for bit, payloads of
   * NaNs and the -0.0 included.
   */
  toRaw(columns: DataColumns): void
}
