import type { Generation } from './generation.ts'
import type { OutputInput } from './output-input.ts'

/** A configuration of an output, and from which slot on it is in force. */
export interface Reign {
  readonly from: number
  readonly generation: Generation
  /** Inputs that are in it. */
  readonly inputs: readonly OutputInput[]
  /** Since when the output is as it is; undefined: from its first frame. */
  readonly changedFrom: number | undefined
}

/** What came before is still of use to what comes late. */
const KEPT = 8

/** The configurations of an output, oldest first: the last few. */
export class Reigns {
  #all: readonly Reign[] = []

  /** In force for slots that begin now; undefined before the first. */
  get last(): Reign | undefined {
    return this.#all.at(-1)
  }

  of(slot: number): Reign | undefined {
    for (let at = this.#all.length - 1; at >= 0; at--) {
      const reign = this.#all[at]!
      if (slot >= reign.from) return reign
    }
    return undefined
  }

  /** Of slots before the first, that one. */
  near(slot: number): Reign {
    return this.of(slot) ?? this.#all[0]!
  }

  /** One that never was in force is forgotten. */
  begin(reign: Reign): void {
    this.#all = [...this.#all.filter(({ from }) => from < reign.from), reign].slice(-KEPT)
  }

  /** Time has gone back: the last holds from the beginning. */
  restart(): void {
    const { last } = this
    if (last) this.#all = [{ ...last, from: Number.NEGATIVE_INFINITY, changedFrom: undefined }]
  }
}
