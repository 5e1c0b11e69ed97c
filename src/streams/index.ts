/**
 * Streams by name: topics, configuration epochs, slots, and the JSON of the
 * bus contract. Pure; nothing here knows MQTT's wire or a clock.
 *
 * @module
 */

export { sameConfiguration } from '../c37118/index.ts'
export type { AbsentRange, AbsentVerdict } from './absent.ts'
export { absentVerdicts } from './absent.ts'
export type { Account } from './account.ts'
export { accountedFor, sumOf } from './account.ts'
export type { AccountJson, ConsumerAccounts, CountsByReason } from './account-json.ts'
export { accountJson, parseConsumers } from './account-json.ts'
export { CompactReader, CompactWriter } from './compact-bytes.ts'
export { type ConfigurationJson, configurationJson } from './configuration-json.ts'
export type { ContractFault, ReplayProblem } from './contract-error.ts'
export { ContractError } from './contract-error.ts'
export type { EpochDrop, EpochGateOptions, EpochOutput, HeldBudget } from './epoch-gate.ts'
export { EpochGate } from './epoch-gate.ts'
export { FilterMap } from './filter-map.ts'
export type { Interval } from './interval-set.ts'
export { IntervalSet } from './interval-set.ts'
export type { Lane, LedgerSettings, LedgerVerdict } from './ledger.ts'
export { StreamLedger } from './ledger.ts'
export type { Gap } from './ledger-book.ts'
export { digestOf } from './ledger-digests.ts'
export type { LedgerFault } from './ledger-error.ts'
export { LedgerError } from './ledger-error.ts'
export type { LedgerArchive, MissingStretch, MissingWhy, Stretch } from './ledger-stretch.ts'
export { missingWhys, within } from './ledger-stretch.ts'
export type { OutsideReason } from './ledger-tally.ts'
export type { PdcFigures } from './pdc-figures.ts'
export { MAX_MISSED } from './pdc-figures.ts'
export { reasonWords } from './reason-words.ts'
export type { ReplayEnd, ReplayRefusal, ReplayRefused } from './replay-end.ts'
export { boundAbsent, encodeReplayEnd, encodeReplayRefusal, parseReplayEnd, replayRefusals } from './replay-end.ts'
export { replayInvalid } from './replay-json.ts'
export { END_OF_TIME_US, MAX_ANSWER_BYTES, MAX_REPLY_PARTS, REPLY_PART_BYTES } from './replay-limits.ts'
export { cutParts, framesOfParts } from './replay-parts.ts'
export type { ReplayQuery, ReplayRequest } from './replay-request.ts'
export { encodeReplayRequest, parseReplayRequest } from './replay-request.ts'
export type { ReplyAddress, ReplyMeaning, ReplyPart } from './replay-topic.ts'
export {
  MAX_SEQUENCE,
  replayFilter,
  replayRequestOf,
  replayTopic,
  replyFilter,
  replyOf,
  replyTopic,
} from './replay-topic.ts'
export type { GridSource } from './slot-grid.ts'
export { SLOT_TOLERANCE, SlotGrid } from './slot-grid.ts'
export type { SlotVerdict } from './slots.ts'
export { SlotCounter, slotOf, slotOffset, slotsPerSecond, slotTime } from './slots.ts'
export { isConfiguration, isOneFrame, joinFrames, splitPayload } from './split-payload.ts'
export type { NodeState, RevisedFrames, RevisedRange, StreamState } from './stream-state.ts'
export { CONTRACT, encodeState, MAX_REVISED, parseNodeState, parseStreamState } from './stream-state.ts'
export type { NodeIdentity, StreamName, SubTopic, TopicMeaning } from './topic.ts'
export {
  isNodeTopic,
  isTopicLevel,
  meaningOf,
  NODE,
  nodeIdOf,
  nodeStateTopic,
  nodeTopic,
  parseStreamTopic,
  retainedTopics,
  revisedTopic,
  stateTopic,
  streamTopic,
  subTopics,
} from './topic.ts'
export { checkFilter, filtersOverlap, hasWildcard, matchesFilter } from './topic-filter.ts'
