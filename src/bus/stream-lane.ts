import type { LiveConfig } from '../config/bus.ts'
import { monotonicMs } from '../runtime/clock.ts'
import type { Counter, Metrics } from '../runtime/service.ts'
import type { Bus } from './bus.ts'
import { LiveWindow } from './live-window.ts'
import type { RetainedLane } from './retained-lane.ts'

/** One stream on its way to one broker. A stalled broker makes its own lane skip, and no other. */
export class StreamLane {
  readonly #bus: Bus
  readonly #topic: string
  readonly #data: { readonly qos: 0 | 1 }
  readonly #windowMs: number
  readonly #window: LiveWindow
  readonly #clock: () => number
  readonly #retained: RetainedLane
  readonly #published: Counter
  readonly #acknowledged: Counter
  readonly #skipped: { readonly disconnected: Counter; readonly late: Counter; readonly lost: Counter }

  constructor(
    topic: string,
    bus: Bus,
    retained: RetainedLane,
    { qos, windowMs }: LiveConfig,
    { metrics, clock = monotonicMs }: { readonly metrics: Metrics; readonly clock?: (() => number) | undefined },
  ) {
    this.#bus = bus
    this.#topic = topic
    this.#data = { qos }
    this.#windowMs = windowMs
    this.#window = new LiveWindow(windowMs)
    this.#clock = clock
    this.#retained = retained

    const labels = { stream: topic, broker: bus.name }
    const skipped = (reason: string): Counter =>
      metrics.counter('phasorbus_live_skipped_total', 'Data frames not sent, or sent into a connection that ended.', {
        ...labels,
        reason,
      })
    this.#published = metrics.counter('phasorbus_live_published_total', 'Data frames written to a broker.', labels)
    this.#acknowledged = metrics.counter(
      'phasorbus_live_acknowledged_total',
      'Data frames a broker has taken (QoS 1), or that were written (QoS 0).',
      labels,
    )
    this.#skipped = { disconnected: skipped('disconnected'), late: skipped('late'), lost: skipped('connection-lost') }
  }

  data(frame: Uint8Array): void {
    if (!this.#bus.connected) {
      this.#skipped.disconnected.add()
      return
    }
    const now = this.#clock()
    const late = this.#data.qos === 1 ? !this.#window.isOpen(now) : this.#bus.lagMs > this.#windowMs
    // Data must not overtake the configuration it belongs to.
    if (late || (this.#retained.isDue && !this.#retained.publishAll())) {
      this.#skipped.late.add()
      return
    }
    this.#window.sent(now)
    if (this.#bus.publish(this.#topic, frame, this.#data, this.#settled)) {
      this.#published.add()
      return
    }
    // Nothing was sent, and an acknowledgement takes the oldest: the newest must go.
    this.#window.unsent()
    this.#skipped.late.add()
  }

  readonly #settled = (error?: Error): void => {
    this.#window.settled()
    if (error) this.#skipped.lost.add()
    else this.#acknowledged.add()
  }
}
