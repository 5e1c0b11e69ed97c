/**
 * What a journal says of the time for which it has no frame, made of the event
 * records of its segments. The journal knows sessions, not slots: it covers
 * every instant, and whoever knows DATA_RATE asks for the slots.
 */
import type { AbsentRange, AbsentVerdict } from '../streams/index.ts'
import type { JournalEvent, StreamMoment } from './journal-event.ts'
import { momentAfter, nothingKnown } from './stream-moment.ts'

/** What counts where two things are said of one instant: the one further down. */
const Rank = {
  expired: 0,
  beforeJournal: 1,
  offline: 2,
  crashWindow: 3,
  stepped: 4,
  run: 5,
  unusable: 6,
  lost: 7,
} as const
type Rank = (typeof Rank)[keyof typeof Rank]

interface Piece extends AbsentRange {
  readonly rank: Rank
}

/** Pieces of a cover, in any order, one upon another. */
export class AbsentCover {
  readonly #fromUs: number
  readonly #toUs: number
  readonly #pieces: Piece[] = []

  /** Keeps what lies in [fromUs, toUs). */
  constructor(fromUs: number, toUs: number) {
    this.#fromUs = fromUs
    this.#toUs = toUs
  }

  add(rank: Rank, fromUs: number, toUs: number, verdict: AbsentVerdict, reason?: string): void {
    const from = Math.max(fromUs, this.#fromUs)
    const to = Math.min(toUs, this.#toUs)
    if (from >= to) return
    this.#pieces.push({ rank, fromUs: from, toUs: to, verdict, ...(reason === undefined ? {} : { reason }) })
  }

  /** In order of time, disjoint, neighbours of one verdict joined. What nothing is known of is `lost`, damaged. */
  ranges(): AbsentRange[] {
    if (this.#fromUs >= this.#toUs) return []
    const unknown: Piece = { rank: 0, fromUs: this.#fromUs, toUs: this.#toUs, verdict: 'lost', reason: 'damaged' }
    const edges = [...new Set([unknown, ...this.#pieces].flatMap(({ fromUs, toUs }) => [fromUs, toUs]))].sort(
      (a, b) => a - b,
    )
    const index = new Map(edges.map((edge, i) => [edge, i]))
    const cells: Piece[] = new Array(edges.length - 1).fill(unknown)
    // Sorting is stable: of one rank the later one counts.
    for (const piece of this.#pieces.toSorted((a, b) => a.rank - b.rank)) {
      cells.fill(piece, index.get(piece.fromUs), index.get(piece.toUs))
    }
    const ranges: { fromUs: number; toUs: number; verdict: AbsentVerdict; reason?: string }[] = []
    for (const [i, { verdict, reason }] of cells.entries()) {
      const last = ranges.at(-1)
      if (last && last.verdict === verdict && last.reason === reason) last.toUs = edges[i + 1]!
      else ranges.push({ fromUs: edges[i]!, toUs: edges[i + 1]!, verdict, ...(reason === undefined ? {} : { reason }) })
    }
    return ranges
  }

  /** Older than what is kept. */
  expired(toUs: number): void {
    this.add(Rank.expired, this.#fromUs, toUs, 'expired')
  }

  /** Older than its first frame ever. */
  beforeJournal(toUs: number): void {
    this.add(Rank.beforeJournal, this.#fromUs, toUs, 'not-received', 'before-journal')
  }

  /** Offline from the last frame to `toUs`. */
  offline({ run, offline, crashWindowToUs }: StreamMoment, toUs: number): void {
    if (!run) {
      this.add(Rank.offline, this.#fromUs, toUs, 'not-received', 'before-journal')
      return
    }
    let fromUs = run.lastUs + 1
    if (crashWindowToUs !== null) {
      const untilUs = Math.min(crashWindowToUs, toUs)
      this.add(Rank.crashWindow, fromUs, untilUs, 'lost', 'crash-window')
      fromUs = Math.max(fromUs, untilUs)
    }
    for (const [i, { reason }] of offline.entries()) {
      const next = offline[i + 1]
      const untilUs = next ? Math.min(Math.max(next.atUs, fromUs), toUs) : toUs
      this.add(Rank.offline, fromUs, untilUs, 'not-received', reason)
      fromUs = untilUs
    }
  }

  /** A healthy session shows frames from here to there. */
  run(firstUs: number, endUs: number): void {
    this.add(Rank.run, firstUs, endUs, 'never-produced')
  }

  /** The timestamps of a healthy session went on elsewhere. */
  stepped(fromUs: number, toUs: number): void {
    this.add(Rank.stepped, fromUs, toUs, 'never-produced')
  }

  /** What came then could not be used. */
  unusable(fromUs: number, toUs: number, reason: string): void {
    this.add(Rank.unusable, fromUs, toUs, 'not-received', reason)
  }

  lost(fromUs: number, toUs: number, reason: 'write-failed' | 'damaged'): void {
    this.add(Rank.lost, fromUs, toUs, 'lost', reason)
  }
}

/** The events of one segment; `undefined` stands for lines that cannot be believed. */
export type EventsOrDoubt = readonly (JournalEvent | undefined)[]

export interface SegmentEnd {
  /** How things stood when the segment ended, or stand now. */
  readonly moment: StreamMoment
  /** Up to where the cover reaches: exclusive. Only the newest segment says what is after its last frame. */
  readonly throughUs: number | undefined
}

/** Adds what one segment knows. `before`: how things stood at its begin, if its own first line does not tell. */
export function coverSegment(
  cover: AbsentCover,
  events: EventsOrDoubt,
  before: StreamMoment | undefined,
  end: SegmentEnd | undefined,
): void {
  const header = events.find((event) => event?.event === 'segment')
  let moment = header?.moment ?? before ?? nothingKnown
  /** What a run that goes on from earlier segments showed there is their matter. */
  const carried = moment.online ? moment.run : null
  const run = (firstUs: number, lastUs: number): void => {
    cover.run(carried?.firstUs === firstUs ? carried.lastUs + 1 : firstUs, lastUs + 1)
  }
  let doubtFromUs = header ? undefined : moment.run?.lastUs
  let offlineBefore: StreamMoment | undefined
  let beganUs = Number.NEGATIVE_INFINITY

  const settleDoubt = (toUs: number | null | undefined): void => {
    if (doubtFromUs === undefined || toUs === null || toUs === undefined) return
    cover.lost(doubtFromUs, toUs, 'damaged')
    doubtFromUs = undefined
  }

  for (const event of events) {
    if (event === undefined) {
      doubtFromUs ??= moment.run?.lastUs ?? Number.NEGATIVE_INFINITY
      continue
    }
    settleDoubt(timeOf(event))
    switch (event.event) {
      case 'session-began':
        if (!moment.online) {
          cover.offline(moment, event.firstUs)
          offlineBefore = moment
        }
        beganUs = event.atUs
        break
      case 'time-stepped':
        run(event.firstUs, event.lastUs)
        if (offlineBefore) cover.offline(offlineBefore, Math.min(event.nextUs, beganUs))
        cover.stepped(Math.max(event.lastUs + 1, beganUs), event.nextUs)
        break
      case 'session-ended':
      case 'stopped':
      case 'unclean-stop':
        if (moment.online && event.firstUs !== null && event.lastUs !== null) run(event.firstUs, event.lastUs)
        break
      case 'unusable':
        cover.unusable(event.fromUs, event.toUs, event.reason)
        break
      case 'write-failed':
      case 'damaged':
        cover.lost(event.fromUs, event.toUs, event.event)
        break
      case 'sealed':
        if (event.moment.online && event.moment.run) run(event.moment.run.firstUs, event.moment.run.lastUs)
        break
    }
    moment = momentAfter(moment, event)
  }
  if (!end) return
  settleDoubt(end.moment.run ? end.moment.run.lastUs + 1 : undefined)
  if (end.moment.online && end.moment.run) run(end.moment.run.firstUs, end.moment.run.lastUs)
  if (end.throughUs === undefined) return
  if (end.moment.online && end.moment.run) cover.run(end.moment.run.lastUs, end.throughUs)
  else cover.offline(end.moment, end.throughUs)
}

/** Up to when, in the time of frames, a line knows; what was before it is no doubt of its own. */
function timeOf(event: JournalEvent): number | null {
  switch (event.event) {
    case 'segment':
      return event.moment.run ? event.moment.run.lastUs + 1 : null
    case 'session-began':
      return event.firstUs
    case 'session-ended':
    case 'time-stepped':
    case 'stopped':
    case 'unclean-stop':
      return event.lastUs === null ? null : event.lastUs + 1
    case 'unusable':
    case 'write-failed':
    case 'damaged':
      return event.toUs
    case 'sealed':
      return event.moment.run ? event.moment.run.lastUs + 1 : null
    case 'configuration':
    case 'offline':
      return null
  }
}
