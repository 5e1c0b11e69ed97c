import { Admission } from './admission.ts'
import type { ReadPeriod } from './schemas.ts'

/** A longer period is read apart, so that those who ask for hours do not wait for it. */
const LONG_US = 26 * 3_600_000_000

/** Who is let in at once, by what is asked; others wait, and beyond that are turned away. */
export class Places {
  /** Requests that read no disk. */
  readonly quick = new Admission({ atOnce: 4, ofOne: 2, mostWaiting: 64 })
  readonly #longReads = new Admission({ atOnce: 2, ofOne: 1, mostWaiting: 16 })
  /** Answers that end when their reader wants. */
  readonly exports = new Admission({ atOnce: 2, ofOne: 1, mostWaiting: 16 })

  /** Requests that read a little of the store. */
  readonly reads = new Admission({ atOnce: 2, ofOne: 1, mostWaiting: 64 })

  /** Requests that read the store. `isMuch`: whatever the period. */
  reading({ fromUs, toUs }: ReadPeriod, isMuch = false): Admission {
    return isMuch || toUs - fromUs > LONG_US ? this.#longReads : this.reads
  }
}
