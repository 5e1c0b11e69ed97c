/**
 * The producer side's record on disk of every frame it received, and the
 * server that replays it.
 *
 * @module
 */

export type { InspectedJournal, InspectedStream } from './inspect-journal.ts'
export { findJournals, inspectJournal } from './inspect-journal.ts'
export type { Journal, JournalPage, JournalQuery, JournalReader } from './journal.ts'
export type { JournalFault } from './journal-error.ts'
export { JournalError } from './journal-error.ts'
export type { FileFacts, FolderEntry, JournalFiles } from './journal-files.ts'
export { systemFiles } from './journal-files.ts'
export type { JournalDeps } from './open-journal.ts'
export { openJournal } from './open-journal.ts'
export type { ReplayPage, ReplayServerConfig, ReplayServerDeps, ReplaySource } from './replay-server.ts'
export { startReplayServer } from './replay-server.ts'
export type { JournalSpan, StreamJournal } from './stream-journal.ts'
export type { DamageKind, FoundDamage, VerifiedStream } from './verify-journal.ts'
export { isHarmless, verifyLogs, verifyStream } from './verify-journal.ts'
