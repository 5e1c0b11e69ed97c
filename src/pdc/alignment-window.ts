/** Which frames of many inputs are of one frame of an output, and when that goes. */

/** µs: of the UNIX epoch, and of a clock that nobody sets. */
export interface Now {
  readonly utcUs: number
  readonly monotonicUs: number
}

/** Why a frame has no place: its slot has gone; it has one of this input; the clock does not believe it. */
export type Misplaced = 'late' | 'duplicate' | 'stale' | 'future'

export interface OpenSlot<Content> {
  readonly slot: number
  readonly content: Content
  /** By input: whether its frame is there. Those that joined later have no place. */
  readonly present: Uint8Array
  /** How many are. */
  count: number
}

export interface SlotWindowHooks<Content> {
  /** A slot begins, in which nothing is yet. */
  open(slot: number): Content
  /** It goes; no two of them twice, none before an earlier one. */
  release(slot: OpenSlot<Content>): void
  /** So many slots were passed over: nothing came for them, and they are too old to be said now. */
  skipped(slots: number): void
  /** Time has gone back: it begins anew. */
  restarted(): void
}

export interface AlignmentWindow<Content> {
  /** The slot that goes next; undefined before the first frame. */
  readonly next: number | undefined
  /** Adds an input, of the slots that are not open yet; it is waited for from now on. Returns its number. */
  join(now: Now): number
  /** It is none of the inputs any more: its number may be given again. */
  leave(input: number): void
  /** It is known to send nothing: it is not waited for until it does. */
  away(input: number): void
  /** In which slot a frame goes whose own time is of this one. */
  slotOf(slot: number, now: Now): number
  /**
   * Where a frame of an input belongs: an open slot, or why there is none. `slot`
   * is that of the output's grid nearest to `timeUs`. Then {@link take} it, and
   * {@link turn}.
   */
  place(input: number, slot: number, timeUs: number, now: Now): OpenSlot<Content> | Misplaced
  /** A frame of it is in this slot, which has not gone. */
  has(input: number, slot: number): boolean
  /** Its content is there. */
  take(input: number, open: OpenSlot<Content>): void
  /** Lets go what is complete or due. */
  turn(now: Now): void
  /** The same, by the clock: call it often enough. Who is silent is not waited for any more. */
  tick(now: Now): void
  /** When {@link tick} is to be called by the monotonic clock, if nothing comes before; undefined: not for any slot. */
  dueUs(now: Now): number | undefined
}
