import { framesPerSecond } from '../c37118/index.ts'
import { type AbsentRange, nodeIdOf, type ReplayQuery, type StreamLedger, type StreamState } from '../streams/index.ts'
import type { LateTaken } from './consumer-sink.ts'
import type { Epoch, Epochs } from './epochs.ts'
import { Explained } from './explained.ts'
import { timeUsOf } from './frame-time.ts'
import type { Journals } from './journals.ts'
import { type AnswerEnd, type Given, LateHand } from './late-hand.ts'
import { mergeAbsent } from './merge-absent.ts'
import { allLost, type Instant } from './remedy.ts'
import type { ReplayAnswer } from './replay-assembly.ts'
import { type Revision, Revisions } from './revisions.ts'

/** Nothing more is asked for while so much of a stream waits to be given on. */
const MAX_HAND_BYTES = 16_384
/** Gaps that lie closer than this many bytes of frames are asked for as one. */
const JOINED_BYTES = 2048
const MAX_JOINED = 1000
const FIRST_RETRY_MS = 1000
const MAX_RETRY_MS = 60_000
/** A request that a node has had for so long without an answer was lost, if the node is heard of again. */
const LOST_MS = 1000
/** A stream that says of no journal for so long has none. */
const NO_JOURNAL_MS = 60_000
const DAY_MS = 86_400_000
/** A journal that is heard of later than others is asked for what they did not have, so far back. */
const REOPENED_MS = DAY_MS
/** Lost for these, a frame was to be had; it would be refused again. */
const refusals: ReadonlySet<string> = new Set<LateTaken & string>(['too-late', 'other-configuration'])

export type PullFailure = 'failed' | 'may-again' | 'unknown'

/** One request that should be made. */
export interface Pull {
  /** Under which name the journal has the frames. */
  readonly stream: string
  readonly nodeId: string
  readonly query: ReplayQuery
}

export interface HealingOptions {
  readonly stream: string
  readonly ledger: StreamLedger
  readonly journals: Journals
  readonly epochs: Epochs
  /** Frames that would be taken now. */
  room(): number
  /** Gives a frame that is wanted; see `LateHand`. */
  give(frame: Uint8Array, epoch: Epoch): Given
  unreadable(): void
  /** It was known already: holes that lie close are asked for as one. */
  unneeded(): void
  /** What is pending in these ranges will not come; the best verdict first. Returns how many slots it ended. */
  explain(ranges: readonly AbsentRange[]): number
  /** What is absent in this range is pending again, but what is lost for one of these reasons. Returns how many slots. */
  reopen(fromUs: number, toUs: number, except: ReadonlySet<string>): number
  /** Takes a frame that completes one that is held; `false`: nobody is there to take it. Without it nobody asks for them. */
  readonly revise?: ((frame: Uint8Array, epoch: Epoch) => boolean) | undefined
  readonly maxAgeDays: number
}

interface Range {
  readonly fromUs: number
  readonly toUs: number
}

/**
 * The gaps of one stream, oldest first: what is oldest expires first, one
 * cursor after the other goes forward, and what comes of it is in order. Asks
 * every journal of the stream until nothing is wanted any more; where none has
 * the frame, what they say of it is believed, in order of weight. What a
 * journal that does not answer might have stays pending.
 */
export class Healing {
  readonly stream: string
  readonly #options: HealingOptions
  readonly #ledger: StreamLedger
  readonly #journals: Journals
  readonly #hand: LateHand
  readonly #explained = new Explained()
  readonly #revisions = new Revisions()
  /** That which is being fetched; it has no gap then. */
  #revision: Revision | undefined
  /** Gaps have their turn after it. */
  #wasRevision = false
  #reviseMs = 0
  /** The gap that is being asked for, and what was heard of it. */
  #gap: Range | undefined
  #asked = new Set<string>()
  #said: (readonly AbsentRange[])[] = []
  #throughUs = Number.POSITIVE_INFINITY
  /** Who is being asked, and for which part of the gap. */
  #node: string | undefined
  #range: Range | undefined
  #cursor: string | undefined
  #pulling = false
  #askedMs = 0
  /** The last part of an answer waits to be given on. */
  #ending = false
  /** Gaps before this were asked for in this round. */
  #afterUs = Number.NEGATIVE_INFINITY
  #retryMs = 0
  #retryAfterMs = FIRST_RETRY_MS
  #progress = false
  /** Nobody took what was given last. */
  #isRefused = false
  /** Answers to requests made before are of no use. */
  #generation = 0
  readonly #sinceUtcMs: number

  constructor(options: HealingOptions, utcMs: number) {
    const { stream, ledger, journals, epochs, unreadable } = options
    this.stream = stream
    this.#options = options
    this.#ledger = ledger
    this.#journals = journals
    this.#sinceUtcMs = utcMs
    this.#hand = new LateHand({
      epochs,
      give: (frame, epoch) => this.#give(frame, epoch),
      unreadable,
      ended: (end) => this.#ended(end),
    })
  }

  get handBytes(): number {
    return this.#hand.bytes
  }

  get generation(): number {
    return this.#generation
  }

  /** What should be asked next, if anything. */
  want(now: Instant, maxBytes: number): Pull | undefined {
    if (this.#pulling || this.#ending || (this.#ledger.pending === 0 && this.#revisions.isEmpty)) return undefined
    if (this.#hand.bytes > MAX_HAND_BYTES || this.#options.room() <= 0) return undefined
    if (!this.#gap && !this.#wasRevision) this.#revision ??= this.#nextRevision(now)
    if (this.#revision) return this.#wantRevision(this.#revision, maxBytes)
    this.#wasRevision = false
    for (;;) {
      this.#gap ??= this.#nextGap(now)
      if (!this.#gap) return undefined
      // Chosen anew until it has answered once: it may have become known that it does not.
      if (this.#cursor === undefined) this.#node = this.#whoIsNext(now)
      if (this.#node !== undefined && this.#range) {
        const cursor = this.#cursor === undefined ? {} : { cursor: this.#cursor }
        return { stream: this.stream, nodeId: this.#node, query: { ...this.#range, maxBytes, ...cursor } }
      }
      this.#leaveGap(now)
    }
  }

  /** Nothing of the time before the stream's first frame is anybody's, and what is too old is not asked for. */
  #nextRevision({ nowMs, utcMs }: Instant): Revision | undefined {
    this.#revisions.forgetBefore((utcMs - this.#options.maxAgeDays * DAY_MS) * 1000)
    const { beganUs } = this.#ledger
    if (nowMs < this.#reviseMs || beganUs === undefined) return undefined
    for (;;) {
      const next = this.#revisions.next((nodeId) => this.#journals.isResting(nodeId, nowMs))
      if (!next || next.toUs > beganUs) return next && { ...next, fromUs: Math.max(next.fromUs, beganUs) }
      this.#revisions.done()
    }
  }

  #wantRevision({ stream, nodeId, fromUs, toUs }: Revision, maxBytes: number): Pull {
    const cursor = this.#cursor === undefined ? {} : { cursor: this.#cursor }
    return { stream, nodeId, query: { fromUs, toUs, maxBytes, ...cursor } }
  }

  /** It was fetched, or could not be: then it is tried again later. */
  #leaveRevision(isDone: boolean): void {
    if (isDone) this.#revisions.done()
    else this.#revisions.later()
    this.#revision = this.#cursor = undefined
    this.#wasRevision = true
  }

  asked(nowMs: number): void {
    this.#pulling = true
    this.#askedMs = nowMs
  }

  answered(nodeId: string, { frames, cursor, throughUs, absent }: ReplayAnswer, bytes: number, now: Instant): void {
    this.#pulling = false
    if (cursor !== undefined && frames.length === 0 && cursor === this.#cursor) {
      this.failed(nodeId, now)
      return
    }
    this.#journals.answered(nodeId)
    this.#cursor = cursor
    const end = cursor === undefined ? { nodeId, throughUs, absent } : undefined
    if (end) this.#ending = true
    this.#hand.put(frames, bytes, end)
  }

  /** The node has not answered yet, and should have: what else it may be asked waits. */
  isWaitingFor(nodeId: string, nowMs: number): void {
    this.#journals.failed(nodeId, nowMs)
  }

  /** The node did not answer, or refused; `may-again`: nothing is wrong with it; `unknown`: it has none of this name. */
  failed(nodeId: string, { nowMs }: Instant, why: PullFailure = 'failed'): void {
    this.#pulling = false
    const isRevision = this.#revision !== undefined
    if (why === 'failed' || (why === 'unknown' && !isRevision)) this.#journals.failed(nodeId, nowMs)
    if (isRevision) {
      this.#leaveRevision(why === 'unknown')
      this.#reviseMs = nowMs + FIRST_RETRY_MS
    }
    this.#node = this.#range = this.#cursor = undefined
  }

  /** Gives on at most so many frames; says whether it could go on at once. */
  give(most: number, nowMs: number): boolean {
    const stopped = this.#hand.give(most)
    if (stopped === 'refused') {
      // Nobody takes them: what is pending stays so, and is asked for again.
      this.drop()
      this.#retryMs = this.#reviseMs = nowMs + FIRST_RETRY_MS
      this.#isRefused = true
    }
    return stopped === 'more'
  }

  /** Somebody takes late frames. */
  roomAgain(): void {
    if (!this.#isRefused) return
    this.#isRefused = false
    this.retry()
  }

  /** A node says nothing of the stream any more. */
  left(nodeId: string): void {
    if (this.#revision?.nodeId === nodeId) this.drop()
    this.#revisions.left(nodeId)
  }

  /** Lets go of what it has in hand and under way: it begins anew, with the oldest gap. */
  drop(): void {
    this.#generation++
    this.#pulling = this.#ending = false
    this.#hand.clear()
    this.#revision = undefined
    this.#forgetGap()
    this.#afterUs = Number.NEGATIVE_INFINITY
    this.retry()
  }

  /** A node says what it has of the stream. */
  heard(state: StreamState, { nowMs, utcMs }: Instant): void {
    const nodeId = nodeIdOf(state.node)
    if (this.#journals.heard(state)) {
      const { fromUs, toUs } = this.#explained.without(nodeId)
      // Its frames have no end: a span is as old as the state that tells of it.
      const sinceUs = Math.max(fromUs, spanBeginUs(state), (utcMs - REOPENED_MS) * 1000)
      const isNews = sinceUs < toUs && this.#options.reopen(sinceUs, toUs, refusals) > 0
      if (isNews && !this.#gap) this.#afterUs = Number.NEGATIVE_INFINITY
    }
    if (state.journal === null) this.left(nodeId)
    const { revised } = state.journal ?? {}
    if (revised && this.#options.revise) {
      // What it did not have then it may have now.
      for (const { fromUs, toUs } of this.#revisions.heard(nodeId, revised))
        this.#options.reopen(fromUs, toUs, refusals)
    }
    // Who speaks can answer: also what it was asked while it was away.
    this.heardOf(nodeId, nowMs)
  }

  /** The oldest that a PDC has completed, and that is to be fetched. */
  get unfetchedUs(): number | undefined {
    const { oldestUs } = this.#revisions
    return oldestUs === undefined ? undefined : Math.max(oldestUs, this.#ledger.beganUs ?? oldestUs)
  }

  /** The node lives. */
  heardOf(nodeId: string, nowMs: number): void {
    if (this.#pulling && this.#node === nodeId && nowMs - this.#askedMs > LOST_MS) {
      this.#generation++
      this.#pulling = false
      this.#node = this.#range = this.#cursor = undefined
    }
    if (this.#pulling && this.#revision?.nodeId === nodeId && nowMs - this.#askedMs > LOST_MS) {
      this.#generation++
      this.#pulling = false
      this.#revision = this.#cursor = undefined
    }
    this.retry()
  }

  /** There may be more to be had than before: what was in vain is tried again. */
  retry(): void {
    this.#retryMs = 0
    this.#retryAfterMs = FIRST_RETRY_MS
  }

  // --- gaps

  #nextGap(now: Instant): Range | undefined {
    if (now.nowMs < this.#retryMs) return undefined
    const found = this.#joined(this.#afterUs)
    if (found) return found
    if (this.#afterUs === Number.NEGATIVE_INFINITY) return undefined
    // A round is over and something is left of it: again, but later and later while it is in vain.
    this.#giveUp(now)
    this.#afterUs = Number.NEGATIVE_INFINITY
    const restUntilMs = this.#journals.restUntil(now.nowMs)
    if (restUntilMs !== undefined) {
      // Not in vain: nobody could be asked.
      this.#retryMs = restUntilMs
      return undefined
    }
    this.#retryAfterMs = this.#progress ? FIRST_RETRY_MS : Math.min(MAX_RETRY_MS, 2 * this.#retryAfterMs)
    this.#progress = false
    this.#retryMs = now.nowMs + this.#retryAfterMs
    return undefined
  }

  /** The first gap that ends after this, with those that lie close behind it. */
  #joined(afterUs: number): Range | undefined {
    const first = this.#ledger.nextGap(afterUs)
    if (!first) return undefined
    const { fromUs } = first
    let { toUs } = first
    for (let joined = 1; joined < MAX_JOINED; joined++) {
      const next = this.#ledger.nextGap(toUs)
      if (!next || (next.fromUs - toUs) * this.#bytesPerUs > JOINED_BYTES) break
      toUs = next.toUs
    }
    return { fromUs, toUs }
  }

  get #bytesPerUs(): number {
    const epoch = this.#options.epochs.inForce
    if (!epoch) return Number.POSITIVE_INFINITY
    return (framesPerSecond(epoch.configuration.dataRate) * epoch.frameSize) / 1_000_000
  }

  /** Of whom the rest of the gap can be asked; none where nothing is left, or nobody. */
  #whoIsNext({ nowMs }: Instant): string | undefined {
    const { fromUs, toUs } = this.#gap!
    const first = this.#ledger.nextGap(fromUs)
    if (!first || first.fromUs >= toUs) return undefined
    this.#range = { fromUs: Math.max(fromUs, first.fromUs), toUs }
    return this.#journals.next(this.#asked, nowMs)
  }

  #ended({ nodeId, throughUs, absent }: AnswerEnd): void {
    this.#ending = false
    if (this.#revision) {
      this.#leaveRevision(true)
      return
    }
    if (!this.#gap || !this.#range) return
    this.#asked.add(nodeId)
    if (this.#options.revise) this.#revisions.filled(this.#range.fromUs, this.#range.toUs)
    this.#said.push(absent)
    this.#throughUs = Math.min(this.#throughUs, throughUs < this.#range.toUs ? throughUs : this.#gap.toUs)
    this.#node = this.#range = this.#cursor = undefined
  }

  /** Everybody was asked who could be. */
  #leaveGap(now: Instant): void {
    const { fromUs, toUs } = this.#gap!
    const all = this.#journals.nodeIds
    const heardAll = all.length > 0 && all.every((nodeId) => this.#asked.has(nodeId))
    const throughUs = Math.min(toUs, this.#throughUs)
    if (heardAll && this.#ledger.pendingIn(fromUs, throughUs) > 0) {
      const ended = this.#explain(mergeAbsent(this.#said, fromUs, throughUs))
      if (ended > 0) this.#explained.add(fromUs, throughUs, this.#asked)
    }
    this.#forgetGap()
    // What comes after is known to nobody yet, or was too much for one answer.
    this.#afterUs = heardAll && throughUs > fromUs ? throughUs : toUs
    if (all.length === 0 || this.#journals.next(none, now.nowMs) === undefined) this.#afterUs = Number.MAX_SAFE_INTEGER
  }

  #forgetGap(): void {
    this.#gap = this.#node = this.#range = this.#cursor = undefined
    this.#asked = new Set()
    this.#said = []
    this.#throughUs = Number.POSITIVE_INFINITY
  }

  /** What will not come any more. */
  #giveUp({ utcMs }: Instant): void {
    if (!this.#journals.everHad) {
      if (utcMs - this.#sinceUtcMs < NO_JOURNAL_MS) return
      const beforeMs = utcMs - NO_JOURNAL_MS
      const ended = this.#explain(allLost('no-journal', beforeMs))
      if (ended > 0) this.#explained.add(Number.NEGATIVE_INFINITY, beforeMs * 1000, none)
    } else this.#explain(allLost('no-answer', utcMs - this.#options.maxAgeDays * DAY_MS))
  }

  #explain(ranges: readonly AbsentRange[]): number {
    const ended = this.#options.explain(ranges)
    if (ended > 0) this.#progress = true
    return ended
  }

  #give(frame: Uint8Array, epoch: Epoch): Given {
    const { configuration } = epoch
    if (!this.#ledger.lacks(timeUsOf(frame, configuration.timeBase), configuration)) {
      if (!this.#revision) this.#options.unneeded()
      else if (this.#options.room() <= 0) return 'no-room'
      else if (this.#options.revise?.(frame, epoch) === false) return 'refused'
      return 'done'
    }
    if (this.#options.room() <= 0) return 'no-room'
    const given = this.#options.give(frame, epoch)
    if (given === 'done') this.#progress = true
    return given
  }
}

/** What cannot be read as a time bounds nothing. */
function spanBeginUs({ journal }: StreamState): number {
  const beginMs = Date.parse(journal?.from ?? '')
  return Number.isNaN(beginMs) ? Number.NEGATIVE_INFINITY : beginMs * 1000
}

const none: ReadonlySet<string> = new Set()
