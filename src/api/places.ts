import { Admission } from './admission.ts'
import type { ReadPeriod } from './schemas.ts'

/** A longer period is read apart, so that those who ask for hours do not wait for it. */
const LONG_US = 26 * 3_600_000_000

/** Who is let in at once, by what is asked; others wait, and beyond that are turned away. */
export class Places {
  /** Requests that read no disk. */
  readonly quick = new Admission(4, 64)
  readonly #longReads = new Admission(1, 8)
  /** Answers without an end in sight. */
  readonly exports = new Admission(2, 8)

  /** Requests that read a little of the store. */
  readonly reads = new Admission(2, 64)

  /** Requests that read the store. */
  reading({ fromUs, toUs }: ReadPeriod): Admission {
    return toUs - fromUs > LONG_US ? this.#longReads : this.reads
  }
}
