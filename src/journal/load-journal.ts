/** Everything that is in the folder of a journal: reads, and changes nothing. */
import { join } from 'node:path'
import { isMissing } from '../runtime/errno.ts'
import { isTopicLevel } from '../streams/index.ts'
import type { LoadContext } from './apply-plan.ts'
import type { JournalFiles } from './journal-files.ts'
import { type LoadedStream, loadStream } from './load-stream.ts'
import { type LogContent, planOf } from './log-plan.ts'
import { logName, parseLogName, streamFolder } from './paths.ts'

/** Streams that are read at the same time. */
const AT_ONCE = 16
const LEVELS = 5

export interface LoadedJournal {
  readonly streams: readonly LoadedStream[]
  /** Paths of the logs that an earlier run left, oldest first. */
  readonly logs: readonly string[]
  readonly lastLog: number
  /** Bytes within the logs that are no entries, and entries of streams that no log names. */
  readonly damagedLogBytes: number
  readonly orphanEntries: number
}

export async function loadJournal(
  folder: string,
  files: JournalFiles,
  context: LoadContext,
  only?: (topic: string) => boolean,
): Promise<LoadedJournal> {
  const logs = await readLogs(folder, files)
  const plan = planOf(logs)
  const topics = [...new Set([...(await topicsIn(folder, files)), ...plan.streams.keys()])]
    .filter((topic) => only?.(topic) ?? true)
    .sort()
  const streams: LoadedStream[] = []
  const waiting = topics.values()
  const work = async (): Promise<void> => {
    for (const topic of waiting) {
      const place = { folder: streamFolder(folder, topic), files }
      const stream = await loadStream(topic, place, plan.streams.get(topic), context)
      streams.push(plan.orphans === 0 || stream.clean || plan.streams.has(topic) ? stream : withDoubt(stream))
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  return {
    streams: streams.sort((a, b) => (a.topic < b.topic ? -1 : 1)),
    logs: logs.map(({ number }) => join(folder, logName(number))),
    lastLog: logs.at(-1)?.number ?? 0,
    damagedLogBytes: plan.damagedBytes,
    orphanEntries: plan.orphans,
  }
}

/** A log has frames of streams that it does not name any more: they may be of any that it does not name. */
function withDoubt(stream: LoadedStream): LoadedStream {
  const fromUs = (stream.moment.run?.lastUs ?? 0) + 1
  return { ...stream, doubts: [...stream.doubts, { fromUs, toUs: null, bytes: 0 }] }
}

async function readLogs(folder: string, files: JournalFiles): Promise<LogContent[]> {
  const numbers = (await files.list(folder)).flatMap(({ name }) => parseLogName(name) ?? []).sort((a, b) => a - b)
  const logs: LogContent[] = []
  for (const number of numbers) {
    try {
      logs.push({ number, bytes: await files.readWhole(join(folder, logName(number))) })
    } catch (error) {
      // Its writer is at work, and is through with it.
      if (!isMissing(error)) throw error
    }
  }
  return logs
}

async function topicsIn(folder: string, files: JournalFiles): Promise<string[]> {
  let paths = ['']
  for (let level = 0; level < LEVELS; level++) {
    const next: string[] = []
    for (const path of paths) {
      for (const entry of await files.list(join(folder, path))) {
        if (entry.folder && isTopicLevel(entry.name)) next.push(path === '' ? entry.name : `${path}/${entry.name}`)
      }
    }
    paths = next
  }
  return paths
}
