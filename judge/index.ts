/**
 * The judge of what a line carried. Imports nothing from `src/`.
 *
 * @module
 */
export type { LoggedFrame } from './frame-log.ts'
export { formatLogLine, parseLogLine, readFrameLog } from './frame-log.ts'
export { FrameLogTail } from './frame-log-tail.ts'
export { FrameLogWriter } from './frame-log-writer.ts'
export type { JudgeOptions, Missing, Verdict } from './judge.ts'
export { Judge } from './judge.ts'
export type { RawPdcOptions } from './raw-pdc.ts'
export { command, startRawPdc } from './raw-pdc.ts'
export type { RawPmu, RawPmuOptions } from './raw-pmu.ts'
export { startRawPmu } from './raw-pmu.ts'
