import type { Counter, Gauge, Metrics } from '../runtime/service.ts'
import type { Account } from '../streams/index.ts'

type Labels = Readonly<Record<string, string>>

const absentHelp =
  'Slots that have no frame, by what is known of them; a frame that comes after all takes its slot away.'
const framesHelp = 'Slots whose frame was taken, as it came or afterwards.'

/**
 * The account of one stream at one consumer, for Prometheus. What is of the sum
 * are gauges, since later news moves a slot from one to another; at each scrape
 *
 *   phasorbus_account_expected = sum(phasorbus_account_frames) + sum(phasorbus_account_absent) + phasorbus_account_pending
 */
export class AccountMetrics {
  readonly #metrics: Metrics
  readonly #labels: Labels
  readonly #expected: Gauge
  readonly #live: Gauge
  readonly #late: Gauge
  readonly #pending: Gauge
  readonly #duplicates: Counter
  readonly #conflicts: Counter
  readonly #absent = new Map<string, Gauge>()
  readonly #outside = new Map<string, Counter>()

  constructor(metrics: Metrics, consumer: string, stream: string) {
    const labels = { consumer, stream }
    this.#metrics = metrics
    this.#labels = labels
    const gauge = (name: string, help: string, more: Labels = {}): Gauge =>
      metrics.gauge(`phasorbus_account_${name}`, help, { ...labels, ...more })
    const counter = (name: string, help: string): Counter => metrics.counter(`phasorbus_account_${name}`, help, labels)
    this.#expected = gauge('expected', 'Slots of time that must have a frame, since the first.')
    this.#live = gauge('frames', framesHelp, { as: 'live' })
    this.#late = gauge('frames', framesHelp, { as: 'late' })
    this.#pending = gauge('pending', 'Slots whose frame is missing, and nothing is known of it yet.')
    this.#duplicates = counter('duplicates_total', 'Frames whose slot had the same bytes already.')
    this.#conflicts = counter('conflicts_total', 'Frames whose slot had other bytes already.')
  }

  /** Call it about once a second, not per frame. */
  update(account: Account): void {
    this.#expected.set(account.expected)
    this.#live.set(account.live)
    this.#late.set(account.late)
    this.#pending.set(account.pending)
    this.#setAbsent('never-produced', '', account.neverProduced)
    for (const verdict of ['not-received', 'lost'] as const) {
      const counts = verdict === 'lost' ? account.lost : account.notReceived
      for (const [reason, count] of Object.entries(counts)) this.#setAbsent(verdict, reason, count)
    }
    this.#resetAbsent(account)
    raise(this.#duplicates, account.duplicates)
    raise(this.#conflicts, account.conflicts)
    for (const [reason, count] of Object.entries(account.outside)) raise(this.#outsideOf(reason), count)
  }

  #setAbsent(as: string, reason: string, count: number): void {
    const key = `${as} ${reason}`
    let gauge = this.#absent.get(key)
    if (!gauge) {
      if (count === 0) return
      gauge = this.#metrics.gauge('phasorbus_account_absent', absentHelp, { ...this.#labels, as, reason })
      this.#absent.set(key, gauge)
    }
    gauge.set(count)
  }

  /** An account leaves out what is zero; a gauge that was more must become it. */
  #resetAbsent({ notReceived, lost }: Account): void {
    for (const [key, gauge] of this.#absent) {
      const [as, reason = ''] = key.split(' ')
      if (as === 'not-received' && !(reason in notReceived)) gauge.set(0)
      if (as === 'lost' && !(reason in lost)) gauge.set(0)
    }
  }

  #outsideOf(reason: string): Counter {
    let counter = this.#outside.get(reason)
    if (!counter) {
      const help = 'Frames that have no slot: too old, of the future, off the grid, or of a stream without a rate.'
      counter = this.#metrics.counter('phasorbus_account_outside_total', help, { ...this.#labels, reason })
      this.#outside.set(reason, counter)
    }
    return counter
  }
}

function raise(counter: Counter, to: number): void {
  if (to > counter.value) counter.add(to - counter.value)
}
