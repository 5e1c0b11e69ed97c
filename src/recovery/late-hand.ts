import { ConfigurationAssembler, FrameType, frameTypeOf } from '../c37118/index.ts'
import type { AbsentRange } from '../streams/index.ts'
import type { Epoch, Epochs } from './epochs.ts'

/** The end of what one journal said of a range. */
export interface AnswerEnd {
  readonly nodeId: string
  readonly throughUs: number
  readonly absent: readonly AbsentRange[]
}

interface HeldAnswer {
  readonly frames: readonly Uint8Array[]
  readonly bytes: number
  readonly end: AnswerEnd | undefined
  /** Next frame to be given. */
  at: number
}

/** What became of a frame: it was dealt with, or has to wait, or nobody is there to take it. */
export type Given = 'done' | 'no-room' | 'refused'

export interface LateHandOptions {
  readonly epochs: Epochs
  give(frame: Uint8Array, epoch: Epoch): Given
  /** A frame that cannot be read: its configuration is not in its answer, or gives another size. */
  unreadable(): void
  /** All frames before the end of a range have been dealt with. */
  ended(end: AnswerEnd): void
}

/** Answers of one stream's journals, given on frame by frame, each with its configuration. */
export class LateHand {
  readonly #options: LateHandOptions
  readonly #answers: HeldAnswer[] = []
  readonly #assembler = new ConfigurationAssembler()
  #epoch: Epoch | undefined
  #bytes = 0

  constructor(options: LateHandOptions) {
    this.#options = options
  }

  /** Bytes that wait. */
  get bytes(): number {
    return this.#bytes
  }

  get isEmpty(): boolean {
    return this.#answers.length === 0
  }

  put(frames: readonly Uint8Array[], bytes: number, end: AnswerEnd | undefined): void {
    this.#answers.push({ frames, bytes, end, at: 0 })
    this.#bytes += bytes
  }

  clear(): void {
    this.#answers.length = 0
    this.#bytes = 0
    this.#forget()
  }

  /** Gives at most so many frames; says why it stopped. */
  give(most: number): 'empty' | 'more' | 'no-room' | 'refused' {
    let left = most
    for (let answer = this.#answers[0]; answer; answer = this.#answers[0]) {
      for (; answer.at < answer.frames.length; answer.at++) {
        if (left-- === 0) return 'more'
        const given = this.#frame(answer.frames[answer.at]!)
        if (given === 'no-room') return given
        if (given === 'refused') {
          this.clear()
          return given
        }
      }
      this.#answers.shift()
      this.#bytes -= answer.bytes
      // The next answer brings its own configuration.
      this.#forget()
      if (answer.end) this.#options.ended(answer.end)
    }
    return 'empty'
  }

  #frame(frame: Uint8Array): Given {
    const { epochs, give, unreadable } = this.#options
    if (frameTypeOf(frame) !== FrameType.data) {
      const fragments = this.#assembler.push(frame)
      if (fragments) this.#epoch = epochs.of(fragments)
      return 'done'
    }
    if (this.#epoch?.frameSize === frame.length) return give(frame, this.#epoch)
    unreadable()
    return 'done'
  }

  #forget(): void {
    this.#epoch = undefined
    this.#assembler.reset()
  }
}
