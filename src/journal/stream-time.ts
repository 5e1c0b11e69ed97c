/**
 * The time of one stream as its frames tell it: sessions, runs, and what is
 * known to be missing in between. Says each change as an event; while frames
 * come as they should there is none, and nothing is allocated.
 */
import type { JournalEvent, OfflineSince, StreamMoment } from './journal-event.ts'
import { type LostStretch, LostStretches } from './lost-stretches.ts'
import { RunTrack, Step } from './run-track.ts'
import { ADAPTER_DOWN, nothingKnown } from './stream-moment.ts'

/** Reasons remembered of one time offline; of more, the last is said of the rest. */
const MAX_OFFLINE_REASONS = 64

export interface StreamTimeDeps {
  readonly utcUs: () => number
  /** Why frames were lost: the last error of the disk. */
  readonly trouble: () => string
  readonly tell: (event: JournalEvent) => void
}

export class StreamTime {
  readonly #deps: StreamTimeDeps
  readonly #track = new RunTrack(0)
  #moment: StreamMoment = nothingKnown
  /** Said while nobody knew yet what was before. */
  #ownOffline: readonly OfflineSince[] | undefined
  #unusable = 0
  #unusableReason = ''
  readonly #lost = new LostStretches()

  constructor(deps: StreamTimeDeps) {
    this.#deps = deps
  }

  get online(): boolean {
    return this.#moment.online
  }

  /** Of the run. */
  get firstUs(): number {
    return this.#track.firstUs
  }

  get lastUs(): number {
    return this.#track.lastUs
  }

  get moment(): StreamMoment {
    if (!this.#moment.online) return this.#moment
    const { firstUs, lastUs } = this.#track
    return { ...this.#moment, run: { firstUs, lastUs } }
  }

  set periodUs(periodUs: number) {
    this.#track.periodUs = periodUs
    this.#lost.periodUs = periodUs
  }

  /** Frames that nobody took, and that no event tells of yet. */
  get lostSoFar(): readonly LostStretch[] {
    return this.#lost.soFar
  }

  /** Goes on from how an earlier run left things. May be called again. */
  takeOver(moment: StreamMoment): void {
    this.#ownOffline ??= this.#moment.offline
    this.#moment = { ...moment, offline: [...moment.offline, ...this.#ownOffline] }
  }

  /** There will be a first frame of all, at this time. */
  beginsAt(us: number): void {
    if (this.#moment.originUs === null) this.#moment = { ...this.#moment, originUs: us }
  }

  /** A frame is kept. True: it moved the time of the stream. */
  frame(us: number): boolean {
    if (!this.#moment.online) {
      this.#begin(us)
      return true
    }
    const track = this.#track
    const beforeUs = track.lastUs
    const step = track.see(us)
    if (step === Step.none) return false
    if (step === Step.elsewhere) this.#stepped()
    if (!this.#lost.isEmpty) this.#settle(step === Step.elsewhere ? this.firstUs : us)
    if (this.#unusable > 0) {
      const [count, reason] = [this.#unusable, this.#unusableReason]
      this.#unusable = 0
      this.#deps.tell({ event: 'unusable', count, reason, fromUs: beforeUs + 1, toUs: us })
    }
    return true
  }

  /** A frame came that nobody takes. */
  lost(us: number): void {
    this.#lost.add(us, this.online ? this.lastUs : undefined)
  }

  unusable(reason: string): void {
    this.#unusable++
    this.#unusableReason = reason
  }

  ended(reason: string): void {
    const atUs = this.#deps.utcUs()
    if (this.online) {
      const { firstUs, lastUs } = this
      this.#settle()
      this.#moment = { ...this.#moment, online: false, run: { firstUs, lastUs }, offline: [{ atUs, reason }] }
      this.#deps.tell({ event: 'session-ended', atUs, reason, firstUs, lastUs })
      return
    }
    // Of a session that nobody took a frame of: told with the next one.
    this.#lost.close()
    const { offline } = this.#moment
    if (offline.at(-1)?.reason === reason || offline.length >= MAX_OFFLINE_REASONS) return
    this.#moment = { ...this.#moment, offline: [...offline, { atUs, reason }] }
    this.#deps.tell({ event: 'offline', atUs, reason })
  }

  /** The process closes the journal. */
  stop(): void {
    const atUs = this.#deps.utcUs()
    const { run, offline } = this.moment
    this.#settle()
    this.#moment = { ...this.#moment, online: false, run, offline: [...offline, { atUs, reason: ADAPTER_DOWN }] }
    this.#deps.tell({ event: 'stopped', atUs, firstUs: run?.firstUs ?? null, lastUs: run?.lastUs ?? null })
  }

  #begin(us: number): void {
    this.#track.begin(us)
    this.#unusable = 0
    const originUs = this.#moment.originUs ?? us
    const run = { firstUs: us, lastUs: us }
    this.#moment = { online: true, run, offline: [], crashWindowToUs: null, originUs }
    this.#deps.tell({ event: 'session-began', atUs: this.#deps.utcUs(), firstUs: us })
    this.#settle(us)
  }

  #stepped(): void {
    const { endedFirstUs: firstUs, endedLastUs: lastUs, firstUs: nextUs } = this.#track
    this.#unusable = 0
    this.#deps.tell({ event: 'time-stepped', atUs: this.#deps.utcUs(), firstUs, lastUs, nextUs })
  }

  /** Frames are taken again, or none will come: says between which they are missing. */
  #settle(nextUs?: number): void {
    for (const { fromUs, toUs, count } of this.#lost.take(nextUs)) {
      this.#deps.tell({ event: 'write-failed', count, reason: this.#deps.trouble(), fromUs, toUs })
    }
  }
}
