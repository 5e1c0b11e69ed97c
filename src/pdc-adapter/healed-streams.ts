import { framesPerSecond } from '../c37118/index.ts'
import type { LateSettings } from '../config/recovery.ts'
import { type Consumer, type ConsumerSink, type LateTaken, timeUsOf } from '../recovery/index.ts'
import { monotonicMs } from '../runtime/clock.ts'
import type { Counter, Gauge, Metrics } from '../runtime/service.ts'
import { sameConfiguration } from '../streams/index.ts'
import { InOrderLane, type WaitingRoom } from './in-order.ts'
import type { LateLane, Outlet } from './late-lane.ts'
import { LiveFirstLane } from './live-first.ts'
import type { ServedStreams } from './served-streams.ts'

interface HealedStream {
  readonly lane: LateLane
  timeBase: number
  rate: number
  /** A configuration that late frames had, and whether it is the one that PDCs are told. */
  compared: readonly Uint8Array[] | undefined
  isSame: boolean
}

/** What may wait with in-order, over all streams. */
const MAX_WAITING_BYTES = 64 * 1024 * 1024

/** Live and late frames of all streams of a server, by policy. */
export class HealedStreams {
  readonly #served: ServedStreams
  readonly #late: LateSettings
  readonly #streams = new Map<string, HealedStream>()
  readonly sink: ConsumerSink
  readonly #room: WaitingRoom = { maxBytes: MAX_WAITING_BYTES, usedBytes: 0, waitedOut: 0 }
  readonly #waiting: Gauge
  readonly #waitedOut: Counter
  #consumer: Consumer | undefined

  constructor(
    served: ServedStreams,
    late: LateSettings,
    { id, metrics }: { readonly id: string; readonly metrics: Metrics },
  ) {
    this.#served = served
    this.#late = late
    this.#waiting = metrics.gauge(
      'phasorbus_pdc_adapter_waiting_bytes',
      'Bytes of frames that wait for earlier ones, with in-order; at 64 MiB the oldest go.',
      { server: id },
    )
    this.#waitedOut = metrics.counter(
      'phasorbus_pdc_adapter_waited_out_total',
      'Frames that went before earlier ones, with in-order: they had waited too long, or took too much room.',
      { server: id },
    )
    const { data: _data, configuration, retired, ...rest } = served.sink()
    this.sink = {
      ...rest,
      configuration: (topic, fragments, read) => {
        const stream = this.#streamOf(topic)
        stream.lane.configuration()
        stream.timeBase = read.timeBase
        stream.rate = framesPerSecond(read.dataRate)
        stream.compared = undefined
        configuration(topic, fragments, read)
      },
      retired: (topic) => {
        this.#streams.get(topic)?.lane.configuration()
        this.#streams.delete(topic)
        retired?.(topic)
      },
      live: (topic, frame) => {
        const stream = this.#streams.get(topic)
        return stream?.lane.live(frame, timeUsOf(frame, stream.timeBase), monotonicMs()) ?? false
      },
      late: (topic, frame, fragments) => this.#lateFrame(topic, frame, fragments),
      lateRoom: (topic) => this.#streams.get(topic)?.lane.lateRoom() ?? 0,
    }
  }

  /** Who fills the gaps; to be given before the first frame comes. */
  healedBy(consumer: Consumer): void {
    this.#consumer = consumer
  }

  tick(): void {
    const nowMs = monotonicMs()
    for (const { lane } of this.#streams.values()) lane.tick(nowMs)
    this.#waiting.set(this.#room.usedBytes)
    this.#waitedOut.add(this.#room.waitedOut - this.#waitedOut.value)
  }

  #lateFrame(topic: string, frame: Uint8Array, fragments: readonly Uint8Array[]): LateTaken {
    const stream = this.#streams.get(topic)
    const served = this.#served.of(topic)
    if (!stream || !served?.output) return false
    if (stream.compared !== fragments) {
      stream.compared = fragments
      stream.isSame = served.configuration === fragments || sameConfiguration(served.configuration, fragments)
    }
    if (!stream.isSame) return 'other-configuration'
    return stream.lane.late(frame, timeUsOf(frame, stream.timeBase), monotonicMs())
  }

  #streamOf(topic: string): HealedStream {
    let stream = this.#streams.get(topic)
    if (!stream) {
      stream = { lane: this.#laneOf(topic), timeBase: 0, rate: 0, compared: undefined, isSame: false }
      this.#streams.set(topic, stream)
    }
    return stream
  }

  #laneOf(topic: string): LateLane {
    const outlet = this.#outletOf(topic)
    const { policy, rateMultiple, maxWaitMs } = this.#late
    return policy === 'in-order'
      ? new InOrderLane(outlet, maxWaitMs, this.#room)
      : new LiveFirstLane(outlet, rateMultiple)
  }

  #outletOf(topic: string): Outlet {
    const [streams, served] = [this.#streams, this.#served]
    return {
      get output() {
        return served.of(topic)?.output
      },
      get rate() {
        return streams.get(topic)?.rate ?? 0
      },
      room: () => this.#consumer?.room(topic),
      delivered: (timeUs, as) => this.#consumer?.delivered(topic, timeUs, as),
      release: (timeUs, as) => this.#consumer?.release(topic, timeUs, as),
      pendingBetween: (afterUs, beforeUs) => this.#consumer?.pendingBetween(topic, afterUs, beforeUs) ?? false,
    }
  }
}
