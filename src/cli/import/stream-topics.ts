import { InvalidArgumentError } from 'commander'
import { ContractError, parseStreamTopic } from '../../streams/index.ts'
import { type CliError, failure, usageError } from '../cli-error.ts'
import { printable } from '../terminal/printable.ts'
import { count } from '../terminal/quantity.ts'
import type { CapturedIdcode } from './capture-streams.ts'

/** `--stream [IDCODE=]TOPIC`. */
export interface StreamTopic {
  readonly idcode: number | undefined
  readonly topic: string
}

export function parseStreamTopicOption(text: string, before: readonly StreamTopic[] = []): StreamTopic[] {
  const [, idcode, topic] = /^(?:(\d+)=)?(.*)$/.exec(text)!
  try {
    parseStreamTopic(topic!)
  } catch (error) {
    if (!(error instanceof ContractError)) throw error
    throw new InvalidArgumentError('It is AREA/LOCATION-TYPE/LOCATION-ID/PMU/ID, or IDCODE= and that.')
  }
  if (idcode !== undefined && (Number(idcode) < 1 || Number(idcode) > 65_534))
    throw new InvalidArgumentError('An IDCODE is a number from 1 to 65534.')
  return [...before, { idcode: idcode === undefined ? undefined : Number(idcode), topic: topic! }]
}

/** The one topic of a file that has one stream. Throws CliError. */
export function onlyTopic(name: string, topics: readonly StreamTopic[]): string {
  if (topics.length !== 1) throw usageError(`${name} has one stream, and --stream was given ${topics.length} times`)
  return topics[0]!.topic
}

/**
 * Which streams of a capture go to which topic, by IDCODE; others are not wanted.
 * Throws CliError where that is not clear.
 */
export function topicsOf(
  name: string,
  found: ReadonlyMap<number, CapturedIdcode>,
  topics: readonly StreamTopic[],
): ReadonlyMap<number, string> {
  const withData = [...found.values()].filter(({ dataFrames }) => dataFrames > 0)
  const result = new Map<number, string>()
  for (const { idcode, topic } of topics) {
    const of = idcode ?? (withData.length === 1 ? withData[0]!.idcode : undefined)
    if (of === undefined) throw unclear(name, withData, topic)
    if (!withData.some((each) => each.idcode === of))
      throw failure(`${name} has no data of IDCODE ${of}`, `it has ${withData.map((each) => each.idcode).join(', ')}`)
    if (result.has(of)) throw usageError(`--stream is given twice for IDCODE ${of}`)
    if ([...result.values()].includes(topic)) throw usageError(`--stream gives ${topic} twice`)
    result.set(of, topic)
  }
  for (const [idcode] of result) {
    const addresses = [...found.get(idcode)!.addresses]
    if (addresses.length > 1)
      throw failure(
        `${name}: data of IDCODE ${idcode} come from ${addresses.join(' and ')}: these are several devices`,
        'make a capture of each, with tshark -r FILE -Y "ip.addr == ADDRESS" -w ONE.pcap',
      )
  }
  return result
}

function unclear(name: string, withData: readonly CapturedIdcode[], topic: string): CliError {
  const list = withData.map(
    ({ idcode, stations, dataFrames }) =>
      `  --stream ${idcode}=…  ${printable(stations.join(', '))} (${count(dataFrames, 'data frame')})`,
  )
  return usageError(
    `${name} has ${withData.length} streams: which is ${topic}?`,
    `say it by IDCODE; there are\n${list.join('\n')}`,
  )
}
