import { checkIdcode } from './config3-fragments.ts'
import { configurationTypes, decodeConfiguration } from './configuration-codec.ts'
import { continuationIndexOf, FIRST_FRAGMENT, isConfig3, LAST_FRAGMENT } from './fragment-chain.ts'
import { FrameType, readFrameHeader, wrongType } from './frame.ts'
import { FrameError } from './frame-error.ts'
import { idcodeOf } from './frame-fields.ts'

export interface AssemblerOptions {
  /** Most bytes of fragments that are kept while the last is awaited. */
  readonly maxSize?: number
  /** Told why fragments were dropped. */
  readonly onDiscard?: (error: FrameError) => void
}

/**
 * Collects the fragments of one source's CFG-3; CFG-1, CFG-2 and a CFG-3 in one
 * frame pass through. Fragments that do not form a configuration are dropped,
 * and the next beginning is awaited; that the second-last is missing shows only
 * in the whole, so the whole is read once.
 */
export class ConfigurationAssembler {
  readonly #maxSize: number
  readonly #onDiscard: (error: FrameError) => void
  #fragments: Uint8Array[] = []
  #size = 0

  constructor({ maxSize = 4 * 1024 * 1024, onDiscard = () => {} }: AssemblerOptions = {}) {
    this.#maxSize = maxSize
    this.#onDiscard = onDiscard
  }

  /** Bytes of fragments that wait for the last one. */
  get pending(): number {
    return this.#size
  }

  /** Takes a configuration frame of a FrameSplitter, keeps it if it is a fragment, and returns what is whole now. */
  push(frame: Uint8Array): Uint8Array[] | undefined {
    const { type } = readFrameHeader(frame)
    if (type === FrameType.config1 || type === FrameType.config2) return [frame]
    if (type !== FrameType.config3) throw wrongType(type, configurationTypes)
    if (!isConfig3(frame) || continuationIndexOf(frame) === 0) return [frame]
    try {
      return this.#collect(frame)
    } catch (error) {
      this.reset()
      if (!(error instanceof FrameError)) throw error
      this.#onDiscard(error)
      return undefined
    }
  }

  /** Forgets the fragments that wait: the connection they came over is gone. */
  reset(): void {
    this.#fragments = []
    this.#size = 0
  }

  #collect(fragment: Uint8Array): Uint8Array[] | undefined {
    const index = continuationIndexOf(fragment)
    if (index === FIRST_FRAGMENT) this.#restart()
    const expected = this.#fragments.length + FIRST_FRAGMENT
    if (index !== expected && !(index === LAST_FRAGMENT && this.#fragments.length > 0)) {
      throw new FrameError(
        { code: 'CONFIG_FRAGMENT_OUT_OF_ORDER', index, expected },
        `CONT_IDX ${index} where ${expected} was expected`,
      )
    }
    if (this.#fragments.length > 0) checkIdcode(idcodeOf(fragment), idcodeOf(this.#fragments[0]!))
    this.#size += fragment.length
    if (this.#size > this.#maxSize) {
      throw new FrameError(
        { code: 'CONFIG_FRAGMENTS_TOO_LARGE', size: this.#size, limit: this.#maxSize },
        `fragments of ${this.#size} bytes and no end; ${this.#maxSize} is the limit`,
      )
    }
    this.#fragments.push(fragment)
    if (index !== LAST_FRAGMENT) return undefined

    const whole = this.#fragments
    decodeConfiguration(whole)
    this.reset()
    return whole
  }

  #restart(): void {
    const dropped = this.#fragments.length
    this.reset()
    if (dropped === 0) return
    this.#onDiscard(
      new FrameError({ code: 'CONFIG_FRAGMENTS_INCOMPLETE', fragments: dropped }, 'a new CFG-3 began before the end'),
    )
  }
}
