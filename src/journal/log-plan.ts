/**
 * What the logs of an earlier run say: for each stream, what is to stand behind
 * the point up to which its segments were complete.
 */
import { GrowingBytes } from './growing-bytes.ts'
import { type Base, type LogEntry, LogKind, scanLog } from './log-entry.ts'

/** What one segment is to have, behind what it had. */
export interface PlannedSegment {
  readonly number: number
  /** Of a segment that begins here. */
  readonly firstUs: number | undefined
  /** Lengths of its files, behind which this is to stand. */
  readonly bytes: number
  readonly events: number
  readonly frames: GrowingBytes
  readonly lines: GrowingBytes
  readonly holes: LogHole[]
}

/** Bytes of the log that were none, and how many of a segment's planned bytes come before them. */
export interface LogHole {
  readonly at: number
  readonly bytes: number
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

export interface LogPlan {
  readonly streams: ReadonlyMap<string, StreamPlan>
  /** Entries of streams that no log names. */
  readonly orphans: number
  readonly damagedBytes: number
}

/** What one log gave of a stream: the first of it goes on in the segment that is open. */
interface Share {
  readonly log: number
  readonly segments: PlannedSegment[]
}

interface Draft {
  base: Base | null
  shares: Share[]
}

interface NamingRecord {
  readonly stream: string
  readonly base: Base | null
  /** Of a record that says what was filled. */
  readonly through?: number
}

/** Logs in order. */
export function planOf(logs: readonly LogContent[]): LogPlan {
  const planner = new Planner()
  for (const log of logs) planner.read(log)
  return planner.plan()
}

class Planner {
  readonly #names = new Map<number, string>()
  readonly #drafts = new Map<string, Draft>()
  #log = 0
  /** In the log that is read: streams it named, and bytes that were no entries. */
  #named = new Set<string>()
  #holes = 0
  #damagedBytes = 0
  #orphans = 0

  read({ number, bytes }: LogContent): void {
    this.#log = number
    this.#named = new Set()
    this.#holes = 0
    scanLog(
      bytes,
      (entry) => this.#entry(entry),
      (_, count) => this.#hole(count),
    )
  }

  plan(): LogPlan {
    const streams = new Map([...this.#drafts].map(([topic, draft]) => [topic, layOut(draft)]))
    return { streams, orphans: this.#orphans, damagedBytes: this.#damagedBytes }
  }

  #entry({ kind, stream, body }: LogEntry): void {
    if (kind === LogKind.stream || kind === LogKind.filled) {
      this.#name(stream, JSON.parse(Buffer.from(body).toString()) as NamingRecord)
      return
    }
    const topic = this.#names.get(stream)
    if (topic === undefined) {
      this.#orphans++
      return
    }
    const { segments } = this.#shareOf(topic)
    const open = segments.at(-1)!
    if (kind === LogKind.line) open.lines.append(body)
    else if (kind === LogKind.segment) segments.push(beginningAt(body))
    else open.frames.append(body)
  }

  #name(number: number, { stream, base, through }: NamingRecord): void {
    this.#names.set(number, stream)
    const isFirst = !this.#named.has(stream)
    this.#named.add(stream)
    const draft = this.#draftOf(stream)
    if (through !== undefined) {
      draft.shares = draft.shares.filter(({ log }) => log > through)
      draft.base = base
    } else if (base) {
      if (draft.shares.at(-1)?.log !== this.#log) draft.shares = []
      draft.base = base
    }
    // What named it before may have been in there, and some of its frames.
    if (isFirst && this.#holes > 0) this.#addHole(stream, this.#holes)
  }

  #hole(bytes: number): void {
    this.#damagedBytes += bytes
    this.#holes += bytes
    for (const topic of this.#names.values()) this.#addHole(topic, bytes)
  }

  #addHole(topic: string, bytes: number): void {
    const open = this.#shareOf(topic).segments.at(-1)!
    open.holes.push({ at: open.frames.length, bytes })
  }

  #draftOf(topic: string): Draft {
    let draft = this.#drafts.get(topic)
    if (!draft) {
      draft = { base: null, shares: [] }
      this.#drafts.set(topic, draft)
    }
    return draft
  }

  #shareOf(topic: string): Share {
    const { shares } = this.#draftOf(topic)
    let share = shares.at(-1)
    if (share?.log !== this.#log) {
      share = { log: this.#log, segments: [planned({ number: 0, bytes: 0, events: 0 })] }
      shares.push(share)
    }
    return share
  }
}

const planned = ({ number, bytes, events }: Base, firstUs?: number): PlannedSegment => ({
  number,
  firstUs,
  bytes,
  events,
  frames: new GrowingBytes(),
  lines: new GrowingBytes(),
  holes: [],
})

function beginningAt(body: Uint8Array): PlannedSegment {
  const { number, firstUs } = JSON.parse(Buffer.from(body).toString()) as { number: number; firstUs: number }
  return planned({ number, bytes: 0, events: 0 }, firstUs)
}

/** The shares of all logs, one behind the other. */
function layOut({ base, shares }: Draft): StreamPlan {
  const segments = [planned(base ?? { number: 0, bytes: 0, events: 0 })]
  for (const { segments: more } of shares) {
    const [goesOn, ...begun] = more
    const open = segments.at(-1)!
    open.holes.push(...goesOn!.holes.map(({ at, bytes }) => ({ at: open.frames.length + at, bytes })))
    open.frames.append(goesOn!.frames.bytes)
    open.lines.append(goesOn!.lines.bytes)
    segments.push(...begun)
  }
  return { based: base !== null, segments }
}
