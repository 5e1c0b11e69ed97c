/**
 * Stores every sample of every stream, bit for bit, and tells what is missing.
 *
 * @module
 */

export { type Channel, channelsOf } from './channels.ts'
export type { Completeness, CompletenessQuery, Counts, ListedGap } from './completeness.ts'
export { configurationHistory, type InForce } from './configuration-history.ts'
export { type Connection, Database, requireDuckDb, timestamps } from './database.ts'
export { type EventKind, eventKinds } from './event-kinds.ts'
export type { Events, EventsQuery, StreamEvent } from './events.ts'
export { FrameTable } from './frame-table.ts'
export { type Historian, type HistorianConfig, type HistorianDeps, startHistorian } from './historian.ts'
export { HistorianError, type HistorianFault } from './historian-error.ts'
export type { Latest } from './latest.ts'
export { type Range, type RangeQuery, rangeOf, type Series } from './range.ts'
export { type Period, type StoredFrame, storedFrames } from './reading.ts'
export { Kind } from './schema.ts'
export { quoted, text as sqlText } from './sql.ts'
export { type Epoch, type Segment, Store } from './store.ts'
export { type ImportedStream, StoreImport } from './store-import.ts'
export { type StoredValues, storedValues, unitsOf, type ValuesQuery } from './stored-values.ts'
