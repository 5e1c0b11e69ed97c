/**
 * What the logs of an earlier run say: for each stream, what is to stand behind
 * the point up to which its segments were complete.
 */
import { FrameType, frameTypeOf } from '../c37118/index.ts'
import { LogKind, scanLog } from './log-entry.ts'
import type { Base } from './stream-store.ts'

/** What one segment is to have, behind what it had. */
export interface PlannedSegment {
  readonly number: number
  /** Of a segment that begins here. */
  readonly firstUs: number | undefined
  /** Offsets behind which this is to stand. */
  readonly bytes: number
  readonly events: number
  readonly frames: Uint8Array[]
  readonly lines: Uint8Array[]
  /** Bytes of the log that were none, by how many of `frames` were before them. */
  readonly holes: { readonly after: number; readonly bytes: number }[]
}

export interface StreamPlan {
  /** False: the log does not tell where its segments ended, so their bytes must. */
  readonly based: boolean
  readonly segments: readonly PlannedSegment[]
}

export interface LogContent {
  readonly number: number
  readonly bytes: Uint8Array
}

interface Draft {
  base: Base | null
  /** What each log gave, so that it can be let go when it turns out to be filled. */
  byLog: { readonly log: number; readonly items: Item[] }[]
}

type Item =
  | { readonly kind: 'segment'; readonly number: number; readonly firstUs: number }
  | { readonly kind: 'frames' | 'line'; readonly body: Uint8Array }
  | { readonly kind: 'hole'; readonly bytes: number }

/** Logs in order. Entries of streams that no log names are counted. */
export function planOf(logs: readonly LogContent[]): {
  readonly streams: ReadonlyMap<string, StreamPlan>
  readonly orphans: number
  readonly damagedBytes: number
} {
  const names = new Map<number, string>()
  const drafts = new Map<string, Draft>()
  let damagedBytes = 0
  let orphans = 0

  const draftOf = (topic: string): Draft => {
    let draft = drafts.get(topic)
    if (!draft) {
      draft = { base: null, byLog: [] }
      drafts.set(topic, draft)
    }
    return draft
  }
  const add = (topic: string, log: number, item: Item): void => {
    const { byLog } = draftOf(topic)
    let last = byLog.at(-1)
    if (last?.log !== log) {
      last = { log, items: [] }
      byLog.push(last)
    }
    last.items.push(item)
  }

  for (const { number: log, bytes } of logs) {
    const named = new Set<string>()
    let holesSoFar = 0
    scanLog(
      bytes,
      ({ kind, stream, body }) => {
        if (kind === LogKind.stream || kind === LogKind.filled) {
          const record = JSON.parse(Buffer.from(body).toString()) as NamingRecord
          names.set(stream, record.stream)
          const isFirst = !named.has(record.stream)
          named.add(record.stream)
          const draft = draftOf(record.stream)
          if (kind === LogKind.filled) {
            draft.byLog = draft.byLog.filter((part) => part.log > record.through!)
            draft.base = record.base
          } else if (record.base) {
            const repeated = draft.byLog.at(-1)?.log === log
            if (!repeated) draft.byLog = []
            draft.base = record.base
          }
          // What named it before may have been there, and some of its frames.
          if (isFirst && holesSoFar > 0) add(record.stream, log, { kind: 'hole', bytes: holesSoFar })
          return
        }
        const topic = names.get(stream)
        if (topic === undefined) orphans++
        else add(topic, log, itemOf(kind, body))
      },
      (_, count) => {
        damagedBytes += count
        holesSoFar += count
        for (const topic of names.values()) add(topic, log, { kind: 'hole', bytes: count })
      },
    )
  }

  const streams = new Map(
    [...drafts].map(([topic, { base, byLog }]) => [
      topic,
      layOut(
        base,
        byLog.flatMap(({ items }) => items),
      ),
    ]),
  )
  return { streams, orphans, damagedBytes }
}

interface NamingRecord {
  readonly stream: string
  readonly base: Base | null
  readonly through?: number
}

function itemOf(kind: LogKind, body: Uint8Array): Item {
  if (kind === LogKind.segment) {
    const { number, firstUs } = JSON.parse(Buffer.from(body).toString()) as { number: number; firstUs: number }
    return { kind: 'segment', number, firstUs }
  }
  return { kind: kind === LogKind.line ? 'line' : 'frames', body }
}

function layOut(base: Base | null, items: readonly Item[]): StreamPlan {
  const { number, bytes, events } = base ?? { number: 0, bytes: 0, events: 0 }
  let open: PlannedSegment = { number, firstUs: undefined, bytes, events, frames: [], lines: [], holes: [] }
  const segments = [open]
  for (const item of items) {
    switch (item.kind) {
      case 'segment':
        open = { number: item.number, firstUs: item.firstUs, bytes: 0, events: 0, frames: [], lines: [], holes: [] }
        segments.push(open)
        break
      case 'frames':
        open.frames.push(item.body)
        break
      case 'line':
        open.lines.push(item.body)
        break
      case 'hole':
        open.holes.push({ after: open.frames.length, bytes: item.bytes })
        break
    }
  }
  return { based: base !== null, segments }
}

/** Whether bytes that the log gave are a data frame, and no configuration. */
export const isData = (bytes: Uint8Array): boolean => frameTypeOf(bytes) === FrameType.data
