/** Topics of the replay contract. An answer goes where its node builds it, never where a request says. */
import { ContractError } from './contract-error.ts'
import { isTopicLevel, meaningOf, type NodeIdentity, REPLY } from './topic.ts'

/*
  request => S/replay/{node-id}
  answer  => {area}/reply/{node-id}/{id}/{sequence}/{part}
    part => 0 | 1 | … | end
*/

/** What the answer to a request is told apart by. The requester chooses both. */
export interface ReplyAddress {
  /** One topic level; random, and the same for all requests of a process. */
  readonly id: string
  /** 0 to 2^31 - 1; another for every request of the same id. */
  readonly sequence: number
}

export const MAX_SEQUENCE = 0x7fff_ffff

export type ReplyPart = number | 'end'

export const replayTopic = (stream: string, nodeId: string): string => `${stream}/replay/${nodeId}`

/** Every request to a node about streams of its site. Other sites may have a node of that name too. */
export const replayFilter = ({ area, locationType, locationId, nodeId }: NodeIdentity): string =>
  `${[area, locationType, locationId].map(levelOf).join('/')}/+/+/replay/${levelOf(nodeId)}`

export const replyTopic = (area: string, nodeId: string, { id, sequence }: ReplyAddress, part: ReplyPart): string =>
  `${levelOf(area)}/${REPLY}/${levelOf(nodeId)}/${levelOf(id)}/${sequence}/${part}`

/** Every answer of any node of an area to the requests of one id. */
export const replyFilter = (area: string, id: string): string => `${levelOf(area)}/${REPLY}/+/${levelOf(id)}/#`

/** The stream and the node a request is for; `undefined` when the topic is no request's. */
export function replayRequestOf(topic: string): { readonly stream: string; readonly nodeId: string } | undefined {
  const levels = topic.split('/')
  const [stream, nodeId] = [levels.slice(0, 5).join('/'), levels[6]]
  if (levels.length !== 7 || levels[5] !== 'replay' || nodeId === undefined || !isTopicLevel(nodeId)) return undefined
  return meaningOf(stream)?.kind === 'frames' ? { stream, nodeId } : undefined
}

export interface ReplyMeaning extends ReplyAddress {
  readonly area: string
  readonly nodeId: string
  readonly part: ReplyPart
}

/** What an answer's topic says; `undefined` when the topic is no answer's. */
export function replyOf(topic: string): ReplyMeaning | undefined {
  const levels = topic.split('/')
  if (levels.length !== 6 || levels[1] !== REPLY || !levels.every(isTopicLevel)) return undefined
  const [area, , nodeId, id, sequenceText, partText] = levels as [string, string, string, string, string, string]
  const sequence = numberOf(sequenceText)
  const part = partText === 'end' ? partText : numberOf(partText)
  return sequence === undefined || part === undefined ? undefined : { area, nodeId, id, sequence, part }
}

/** Digits, as they are written here: no sign, no leading zero. */
function numberOf(text: string): number | undefined {
  if (!/^(0|[1-9][0-9]{0,9})$/.test(text)) return undefined
  const value = Number(text)
  return value <= MAX_SEQUENCE ? value : undefined
}

function levelOf(text: string): string {
  if (isTopicLevel(text)) return text
  const problem = `level "${text}" is not 1 to 64 of A-Z a-z 0-9 _ -`
  throw new ContractError({ code: 'TOPIC_INVALID', topic: text, problem }, problem)
}
