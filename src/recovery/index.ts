/**
 * Consumers that want everything: every timestamp of a stream once, or accounted
 * for. Gaps are pulled from the producers' journals.
 *
 * @module
 */

export { AccountMetrics } from './account-metrics.ts'
export type { AccountReportOptions } from './account-report.ts'
export { AccountReport } from './account-report.ts'
export type { Consumer, ConsumerConfig, ConsumerDeps } from './consumer.ts'
export { startConsumer } from './consumer.ts'
export type { ConsumerSink, LateTaken } from './consumer-sink.ts'
export { timeUsOf } from './frame-time.ts'
export type { HeldFault } from './held-error.ts'
export { HeldError } from './held-error.ts'
export type { HeldFileSettings } from './held-file.ts'
export { HeldFile } from './held-file.ts'
export type { HeldStore } from './held-store.ts'
export type { RecoveryFault } from './recovery-error.ts'
export { RecoveryError } from './recovery-error.ts'
export type { ReplayAnswer } from './replay-assembly.ts'
export type { ReplayClientOptions } from './replay-client.ts'
export { ReplayClient } from './replay-client.ts'
export type { SessionSettings } from './session-remedy.ts'
