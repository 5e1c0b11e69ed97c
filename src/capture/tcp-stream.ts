/** What one direction of a TCP connection turns into. All calls synchronous. */
export interface StreamSink {
  /** The next bytes in order: a view, may be kept. */
  bytes(bytes: Uint8Array, timeUs: number | undefined): void
  /** Bytes that the capture does not have; undefined when nobody can say how many. */
  gap(missingBytes: number | undefined, timeUs: number | undefined): void
  /** The connection ended, or another one began between the same ports. */
  closed(timeUs: number | undefined): void
}

/** Bytes held over all connections, shared so that many of them together stay bounded. */
export interface HeldBudget {
  held: number
  readonly max: number
}

export interface TcpSegment {
  readonly seq: number
  readonly syn: boolean
  readonly fin: boolean
  readonly payload: Uint8Array
  readonly timeUs: number | undefined
}

/** Bounds of what is held per direction while an earlier segment is missing. */
export const MAX_HELD_BYTES = 262_144
export const MAX_HELD_SEGMENTS = 256

/** Segments after which a stream that was joined in the middle begins, so that two swapped ones do not cost the earlier. */
const JOIN_AFTER_SEGMENTS = 3
const JOIN_AFTER_US = 100e3
/**
 * The receiver acknowledged what is missing, so it arrived and was not captured. A mirror port may
 * still deliver it a little later than its acknowledgement.
 */
const ACKNOWLEDGED_GRACE_US = 20e3
const ACKNOWLEDGED_GRACE_SEGMENTS = 16
/** Only this direction was captured: nobody says whether a retransmission will come. */
const ONE_SIDED_WAIT_US = 1e6
/** No window was ever that far behind: another connection, whose SYN was not captured. */
const MAX_BEHIND = 4_194_304

interface Held {
  readonly seq: number
  readonly bytes: Uint8Array
  readonly timeUs: number | undefined
}

/**
 * Puts one direction of a TCP connection in order (RFC 9293): retransmissions
 * and overlaps are cut (what came first stays), reordered segments wait,
 * sequence numbers wrap. Where the capture misses a segment it waits no longer
 * than it must, reports the gap, and goes on behind it.
 */
export class TcpStream {
  readonly #sink: StreamSink
  readonly #budget: HeldBudget
  /** The next sequence number, once the stream has begun. */
  #next: number | undefined
  /** Where the stream began; `#joined` when that was no SYN. */
  #base = 0
  #joined = false
  #fin: number | undefined
  #closed = false
  /** Segments that wait, by sequence number. */
  #held: Held[] = []
  #heldBytes = 0
  #heldSince: number | undefined
  /** The furthest that the other side acknowledged; undefined when it was never heard. */
  #acknowledged: number | undefined
  /** The other side acknowledged what is not here; since when, where the capture has times. */
  #missed = false
  #missedSince: number | undefined
  #segmentsSince = 0
  /** Bytes that came again. */
  repeatedBytes = 0

  constructor(sink: StreamSink, budget: HeldBudget) {
    this.#sink = sink
    this.#budget = budget
  }

  segment({ seq, syn, fin, payload, timeUs }: TcpSegment): void {
    const start = syn ? (seq + 1) >>> 0 : seq
    if (syn) this.#synchronize(start, timeUs)
    if (fin && this.#fin === undefined) this.#fin = (start + payload.length) >>> 0

    if (payload.length > 0) {
      if (this.#next === undefined) this.#join(start, payload, timeUs)
      else this.#place(start, payload, timeUs)
    }
    this.#segmentsSince++
    this.#settle(timeUs)
  }

  /** The other side says that everything before `ack` arrived. */
  acknowledge(ack: number, timeUs: number | undefined): void {
    if (this.#acknowledged !== undefined && distance(this.#acknowledged, ack) <= 0) return
    this.#acknowledged = ack
    if (this.#next === undefined) return
    if (!this.#missed && distance(this.#next, ack) > 0) this.#miss(timeUs)
    if (this.#held.length > 0) this.#settle(timeUs)
  }

  /** Nothing more will come: what waits is delivered, what is missing reported. */
  drain(timeUs: number | undefined): void {
    if (this.#next === undefined) this.#begin(timeUs)
    while (this.#held.length > 0) this.#giveUp(timeUs)
    this.#reportTail(timeUs)
  }

  /** The connection was reset. What waits is kept: the capture may still deliver what is before it. */
  reset(timeUs: number | undefined): void {
    if (this.#closed) return
    this.#closed = true
    this.#sink.closed(timeUs)
  }

  /** Forgets everything, as if nothing had been captured yet. */
  clear(): void {
    this.#held = []
    this.#recount()
    this.#restart(undefined)
  }

  /** A connection begins, or its SYN is seen again. */
  #synchronize(start: number, timeUs: number | undefined): void {
    if (this.#next === undefined) {
      this.#next = start
      this.#base = start
      this.#held = this.#held.filter(({ seq }) => distance(start, seq) >= 0)
      this.#recount()
      this.#release()
      return
    }
    const late = this.#joined && distance(start, this.#base) >= 0 && distance(start, this.#base) < MAX_HELD_BYTES
    if (start === this.#base || late) return
    this.drain(timeUs)
    if (!this.#closed) this.#sink.closed(timeUs)
    this.#restart(start)
  }

  #restart(start: number | undefined): void {
    this.#next = start
    this.#base = start ?? 0
    this.#joined = false
    this.#fin = undefined
    this.#closed = false
    this.#acknowledged = undefined
    this.#missed = false
  }

  /** No SYN was captured: the first few segments show which one is first. */
  #join(seq: number, payload: Uint8Array, timeUs: number | undefined): void {
    this.#hold(seq, payload, timeUs)
    const waited = elapsed(this.#heldSince, timeUs)
    if (this.#held.length >= JOIN_AFTER_SEGMENTS || (waited ?? 0) >= JOIN_AFTER_US || this.#full) this.#begin(timeUs)
  }

  #begin(timeUs: number | undefined): void {
    const first = this.#held[0]
    if (!first) return
    this.#next = first.seq
    this.#base = first.seq
    this.#joined = true
    this.#release()
    if (this.#acknowledged !== undefined && distance(this.#next, this.#acknowledged) > 0) this.#miss(timeUs)
  }

  #place(seq: number, payload: Uint8Array, timeUs: number | undefined): void {
    const ahead = distance(this.#next!, seq)
    if (ahead > 0) {
      this.#hold(seq, payload, timeUs)
    } else if (ahead < -MAX_BEHIND) {
      this.drain(timeUs)
      this.#sink.gap(undefined, timeUs)
      this.#restart(seq)
      this.#deliver(payload, timeUs)
    } else {
      const repeated = Math.min(-ahead, payload.length)
      this.repeatedBytes += repeated
      if (repeated < payload.length) {
        this.#deliver(payload.subarray(repeated), timeUs)
        this.#release()
      }
    }
  }

  #deliver(bytes: Uint8Array, timeUs: number | undefined): void {
    this.#next = (this.#next! + bytes.length) >>> 0
    if (this.#missed && distance(this.#next, this.#acknowledged!) <= 0) this.#missed = false
    this.#sink.bytes(bytes, timeUs)
  }

  #hold(seq: number, payload: Uint8Array, timeUs: number | undefined): void {
    if (this.#held.length === 0) {
      this.#heldSince = timeUs
      this.#segmentsSince = 0
    }
    let at = this.#held.length
    while (at > 0 && distance(seq, this.#held[at - 1]!.seq) > 0) at--
    const before = this.#held[at - 1]
    if (before && before.seq === seq && before.bytes.length >= payload.length) {
      this.repeatedBytes += payload.length
      return
    }
    // A copy: a view of a few bytes would keep a whole chunk alive while it waits.
    this.#held.splice(at, 0, { seq, bytes: new Uint8Array(payload), timeUs })
    this.#heldBytes += payload.length
    this.#budget.held += payload.length
  }

  /** Delivers what waits and is now in order. */
  #release(): void {
    let count = 0
    for (const { seq, bytes, timeUs } of this.#held) {
      const ahead = distance(this.#next!, seq)
      if (ahead > 0) break
      count++
      const repeated = Math.min(-ahead, bytes.length)
      this.repeatedBytes += repeated
      if (repeated < bytes.length) this.#deliver(bytes.subarray(repeated), timeUs)
    }
    if (count === 0) return
    this.#held.splice(0, count)
    this.#recount()
    this.#heldSince = this.#held[0]?.timeUs
    this.#segmentsSince = 0
  }

  #recount(): void {
    const bytes = this.#held.reduce((sum, held) => sum + held.bytes.length, 0)
    this.#budget.held += bytes - this.#heldBytes
    this.#heldBytes = bytes
  }

  #settle(timeUs: number | undefined): void {
    if (this.#next === undefined) return
    while (this.#held.length > 0 && this.#isMissing(timeUs)) this.#giveUp(timeUs)
    if (this.#next === this.#fin && !this.#closed) {
      this.#closed = true
      this.#sink.closed(timeUs)
    }
  }

  /** Whether it is time to take the segment before the first that waits for lost. */
  #isMissing(timeUs: number | undefined): boolean {
    if (this.#full) return true
    if (this.#missed) {
      return (
        this.#segmentsSince >= ACKNOWLEDGED_GRACE_SEGMENTS ||
        (elapsed(this.#missedSince, timeUs) ?? 0) >= ACKNOWLEDGED_GRACE_US
      )
    }
    return this.#acknowledged === undefined && (elapsed(this.#heldSince, timeUs) ?? 0) >= ONE_SIDED_WAIT_US
  }

  get #full(): boolean {
    return (
      this.#held.length >= MAX_HELD_SEGMENTS ||
      this.#heldBytes >= MAX_HELD_BYTES ||
      this.#budget.held >= this.#budget.max
    )
  }

  #giveUp(timeUs: number | undefined): void {
    const first = this.#held[0]!
    this.#sink.gap(distance(this.#next!, first.seq), timeUs)
    this.#next = first.seq
    this.#release()
  }

  /** Bytes behind the last captured one that the other side acknowledged. */
  #reportTail(timeUs: number | undefined): void {
    if (this.#next === undefined) return
    const end = this.#fin ?? this.#acknowledged
    const missing = end === undefined ? 0 : distance(this.#next, end)
    // A single byte without a FIN seen is the FIN, which has a sequence number of its own.
    if (missing > (this.#fin === undefined ? 1 : 0)) {
      this.#sink.gap(missing, timeUs)
      this.#next = end
    }
  }

  #miss(timeUs: number | undefined): void {
    this.#missed = true
    this.#missedSince = timeUs
    this.#segmentsSince = 0
  }
}

/** From `a` to `b` in sequence numbers modulo 2^32: negative when `b` lies behind (RFC 9293, 3.4). */
function distance(a: number, b: number): number {
  return (b - a) | 0
}

function elapsed(since: number | undefined, now: number | undefined): number | undefined {
  return since === undefined || now === undefined ? undefined : now - since
}
