import type { Counter, Metrics } from '../runtime/service.ts'

/** What came for one input of a PDC and could not be used: wrong CHKs, other sizes, whatever is no frame. */
export class InputErrors {
  readonly #metrics: Metrics
  readonly #labels: { readonly pdc: string; readonly input: string }
  /** By reason; made when it first occurs. */
  readonly #counters = new Map<string, Counter>()

  constructor(metrics: Metrics, pdc: string, input: string) {
    this.#metrics = metrics
    this.#labels = { pdc, input }
  }

  add(reason: string, count: number): void {
    let counter = this.#counters.get(reason)
    if (!counter) {
      counter = this.#metrics.counter(
        'phasorbus_pdc_input_errors_total',
        'What came for an input and could not be used: frames of wrong CHK or of another size than its configuration says, bytes that are no frame.',
        { ...this.#labels, reason },
      )
      this.#counters.set(reason, counter)
    }
    counter.add(count)
  }

  /** By reason. */
  get totals(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#counters].map(([reason, { value }]) => [reason, value]))
  }
}
