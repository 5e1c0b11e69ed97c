import { FrameError, FrameType, frameTypeOf, readFrameHeader } from '../../c37118/index.ts'
import { ConfigurationBook, type Direction, FrameExtractor } from '../../capture/index.ts'
import { type Knowledge, MAX_STREAMS, streamKey } from './capture-decoder.ts'
import { inferTimeBase, SAMPLE_SIZE } from './time-base.ts'

/** A first reading, for what a capture says too late: configurations after the data, TIME_BASE by the fractions alone. */
export class Survey {
  readonly #extractor: FrameExtractor
  readonly #later = new ConfigurationBook({ keepFirst: true })
  readonly #fractions = new Map<string, Set<number>>()

  constructor() {
    this.#extractor = new FrameExtractor({
      frame: (frame, direction) => {
        const type = frameTypeOf(frame)
        if (type === FrameType.data) this.#sample(frame, direction)
        else if (type !== FrameType.command && type !== FrameType.header) this.#learn(frame, direction)
      },
    })
  }

  push(chunk: Uint8Array): void {
    this.#extractor.push(chunk)
  }

  end(): Required<Pick<Knowledge, 'later' | 'inferred'>> {
    this.#extractor.end()
    const inferred = new Map<string, number>()
    for (const [key, fractions] of this.#fractions) {
      const base = inferTimeBase(fractions)
      if (base !== undefined) inferred.set(key, base)
    }
    return { later: this.#later, inferred }
  }

  #sample(frame: Uint8Array, direction: Direction): void {
    const { idcode, fraction } = readFrameHeader(frame)
    const key = streamKey(direction, idcode)
    let fractions = this.#fractions.get(key)
    if (!fractions) {
      if (this.#fractions.size >= MAX_STREAMS) return
      fractions = new Set()
      this.#fractions.set(key, fractions)
    }
    if (fractions.size < SAMPLE_SIZE) fractions.add(fraction)
  }

  #learn(frame: Uint8Array, direction: Direction): void {
    try {
      this.#later.learn(frame, direction)
    } catch (error) {
      // The second reading meets the same frame, and reports it.
      if (!(error instanceof FrameError)) throw error
    }
  }
}
