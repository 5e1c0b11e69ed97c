/**
 * Streams by name: topics, configuration epochs, slots, and the JSON of the
 * bus contract. Pure; nothing here knows MQTT's wire or a clock.
 *
 * @module
 */

export { sameConfiguration } from '../c37118/index.ts'
export type { ContractFault } from './contract-error.ts'
export { ContractError } from './contract-error.ts'
export type { EpochDrop, EpochGateOptions, EpochOutput, HeldBudget } from './epoch-gate.ts'
export { EpochGate } from './epoch-gate.ts'
export { FilterMap } from './filter-map.ts'
export type { SlotVerdict } from './slots.ts'
export { SlotCounter, slotOf, slotOffset, slotsPerSecond, slotTime } from './slots.ts'
export { isConfiguration, isOneFrame, joinFrames, splitPayload } from './split-payload.ts'
export type { NodeState, StreamState } from './stream-state.ts'
export { CONTRACT, encodeState, parseNodeState, parseStreamState } from './stream-state.ts'
export type { NodeIdentity, StreamName, SubTopic, TopicMeaning } from './topic.ts'
export {
  isNodeTopic,
  isTopicLevel,
  meaningOf,
  NODE,
  nodeTopic,
  parseStreamTopic,
  retainedTopics,
  stateTopic,
  streamTopic,
  subTopics,
} from './topic.ts'
export { checkFilter, filtersOverlap, hasWildcard, matchesFilter } from './topic-filter.ts'
