/** One answer, put together from messages that come in any order, and more than once. Pure. */
import {
  type AbsentRange,
  framesOfParts,
  MAX_REPLY_PARTS,
  parseReplayEnd,
  type ReplayEnd,
  type ReplayRefused,
  type ReplyPart,
  replayInvalid,
} from '../streams/index.ts'

export interface ReplayAnswer {
  /** Configurations before the data frames they belong to; CHK checked. Views that may be kept. */
  readonly frames: readonly Uint8Array[]
  /** Ask again with it; `undefined`: the range is complete as far as `throughUs`. */
  readonly cursor: string | undefined
  /** What comes at or after this is not known yet. */
  readonly throughUs: number
  /** Of the range as far as `throughUs`; only without a cursor. */
  readonly absent: readonly AbsentRange[]
}

/** What an answer may have beyond what was asked for: one frame and its configuration, however large. */
const OVERSHOOT_BYTES = 4 * 1024 * 1024

/** Throws REPLAY_INVALID for an answer that breaks the contract. */
export class ReplayAssembly {
  readonly #stream: string
  readonly #maxBytes: number
  readonly #parts = new Map<number, Uint8Array>()
  #bytes = 0
  #end: ReplayEnd | undefined

  constructor(stream: string, maxBytes: number) {
    this.#stream = stream
    this.#maxBytes = maxBytes + OVERSHOOT_BYTES
  }

  /** Messages that have come, its end apart. */
  get parts(): number {
    return this.#parts.size
  }

  /** Takes a message; the answer when it is whole. */
  add(part: ReplyPart, payload: Uint8Array): ReplayAnswer | ReplayRefused | undefined {
    if (part === 'end') {
      const end = parseReplayEnd(payload)
      if ('refused' in end) return end
      this.#end ??= end
    } else if (!this.#keep(part, payload)) return undefined
    return this.#end && this.#parts.size >= this.#end.parts ? this.#whole(this.#end) : undefined
  }

  #keep(part: number, payload: Uint8Array): boolean {
    if (this.#parts.has(part)) return false
    if (part >= MAX_REPLY_PARTS) throw replayInvalid(`part ${part}`)
    this.#bytes += payload.length
    if (this.#bytes > this.#maxBytes) throw replayInvalid(`more than ${this.#maxBytes} bytes`)
    this.#parts.set(part, payload)
    return true
  }

  #whole({ stream, parts, bytes, frames: count, cursor, throughUs, absent }: ReplayEnd): ReplayAnswer {
    if (stream !== this.#stream) throw replayInvalid('it is of another stream')
    const inOrder = Array.from({ length: parts }, (_, part) => this.#parts.get(part))
    if (!inOrder.every((part) => part !== undefined)) throw replayInvalid(`a part beyond its ${parts}`)
    const frames = framesOfParts(inOrder)
    if (this.#bytes !== bytes || frames.length !== count) {
      throw replayInvalid(`${frames.length} frames and ${this.#bytes} bytes, its end says ${count} and ${bytes}`)
    }
    return { frames, cursor, throughUs, absent }
  }
}
