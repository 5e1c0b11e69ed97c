/**
 * Topic names of the bus contract.
 *
 * Every level is 1 to 64 of `A-Z a-z 0-9 _ -`: a dot becomes a slash on
 * RabbitMQ and ends the connection on NATS.
 */
import { ContractError } from './contract-error.ts'

/*
  S     => area / location-type / location-id / data-type / producer-id
  topic => S | S/config-1 | S/config-3 | S/header | S/state/{node-id} | S/replay/{node-id}
  node  => area / location-type / location-id / NODE / node-id / state | … / replay/{node-id}: its question to itself
*/

/** The five levels of a stream topic `S`. */
export interface StreamName {
  readonly area: string
  readonly locationType: string
  readonly locationId: string
  /** `PMU`, `PDC`, or what else produces frames; never `NODE`. */
  readonly dataType: string
  readonly producerId: string
}

/** One phasorbus process, named by where it runs. */
export interface NodeIdentity {
  readonly area: string
  readonly locationType: string
  readonly locationId: string
  readonly nodeId: string
}

/** Frames below `S`, beside those on `S` itself. */
export const subTopics = ['config-1', 'config-3', 'header'] as const
export type SubTopic = (typeof subTopics)[number]

/** The data type that names processes, so no stream may have it. */
export const NODE = 'NODE'

/** The second level of answers to replay requests, so no location may have it as its type. */
export const REPLY = 'reply'

const level = /^[A-Za-z0-9_-]{1,64}$/

export const isTopicLevel = (text: string): boolean => level.test(text)

export function streamTopic(name: StreamName): string {
  const topic = [name.area, name.locationType, name.locationId, name.dataType, name.producerId].join('/')
  parseStreamTopic(topic)
  return topic
}

/** Refuses what is no stream topic: levels missing, over, or outside the alphabet. */
export function parseStreamTopic(topic: string): StreamName {
  const levels = topic.split('/')
  if (levels.length !== 5) throw invalid(topic, `has ${levels.length} levels, a stream topic has 5`)
  checkLevels(topic, levels)
  const [area, locationType, locationId, dataType, producerId] = levels as [string, string, string, string, string]
  if (locationType === REPLY) throw invalid(topic, 'location type reply is reserved for answers to replay requests')
  if (dataType === NODE) throw invalid(topic, 'data type NODE is reserved for processes')
  return { area, locationType, locationId, dataType, producerId }
}

/** `{area}/{location-type}/{location-id}/NODE/{node-id}`: how a stream's state names the nodes that carry it. */
export function nodeTopic({ area, locationType, locationId, nodeId }: NodeIdentity): string {
  const topic = [area, locationType, locationId, NODE, nodeId].join('/')
  checkLevels(topic, topic.split('/'))
  if (topic.split('/').length !== 5) throw invalid(topic, 'a node topic has 5 levels')
  return topic
}

export const isNodeTopic = (topic: string): boolean => meaningOf(nodeStateTopic(topic))?.kind === 'node'

/** The last level of a node's topic: its name below the streams it carries. */
export const nodeIdOf = (node: string): string => node.slice(node.lastIndexOf('/') + 1)

/** Where a node says how it is; `node`: see {@link nodeTopic}. */
export const nodeStateTopic = (node: string): string => `${node}/state`

/** Where a node says how a stream is that it carries; with `+` for the states of all its nodes. */
export const stateTopic = (stream: string, nodeId: string): string => `${stream}/state/${nodeId}`

/** Under which name a PDC's journal keeps what completes earlier frames of a stream; nothing is published on it. */
export function revisedTopic(stream: string): string {
  const name = parseStreamTopic(stream)
  return streamTopic({ ...name, dataType: `${name.dataType}-revised` })
}

/** The topics a stream may have retained frames on; the states of its nodes are beside them. */
export const retainedTopics = (stream: string): string[] => [stream, ...subTopics.map((sub) => `${stream}/${sub}`)]

/** What a received topic is about; `undefined` when it is none of the contract's. */
export type TopicMeaning =
  | { readonly kind: 'frames' | SubTopic; readonly stream: string }
  | { readonly kind: 'state'; readonly stream: string; readonly nodeId: string }
  | { readonly kind: 'node'; readonly node: string }

export function meaningOf(topic: string): TopicMeaning | undefined {
  const levels = topic.split('/')
  if (levels.length < 5 || levels.length > 7 || !levels.every(isTopicLevel)) return undefined
  if (levels[1] === REPLY) return undefined
  const [head, sub, nodeId] = [levels.slice(0, 5).join('/'), levels[5], levels[6]]
  if (nodeId !== undefined) {
    return sub === 'state' && levels[3] !== NODE ? { kind: 'state', stream: head, nodeId } : undefined
  }
  if (levels[3] === NODE) return sub === 'state' ? { kind: 'node', node: head } : undefined
  if (sub === undefined) return { kind: 'frames', stream: head }
  return isSubTopic(sub) ? { kind: sub, stream: head } : undefined
}

function isSubTopic(text: string): text is SubTopic {
  return (subTopics as readonly string[]).includes(text)
}

function checkLevels(topic: string, levels: readonly string[]): void {
  const wrong = levels.find((text) => !isTopicLevel(text))
  if (wrong !== undefined) throw invalid(topic, `level "${wrong}" is not 1 to 64 of A-Z a-z 0-9 _ -`)
}

function invalid(topic: string, problem: string): ContractError {
  return new ContractError({ code: 'TOPIC_INVALID', topic, problem }, `topic "${topic}": ${problem}`)
}
