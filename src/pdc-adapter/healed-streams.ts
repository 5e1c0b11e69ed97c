import { framesPerSecond } from '../c37118/index.ts'
import type { LateSettings } from '../config/recovery.ts'
import type { StreamFate } from '../link/index.ts'
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
  /** Frames that a PDC let wait in its connection: held once they are sent. */
  readonly unsent: Map<Uint8Array, UnsentFrame>
  /** The last of them, until it is known what it was given as. */
  newest: UnsentFrame | undefined
}

interface UnsentFrame {
  readonly timeUs: number
  as: 'live' | 'late'
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
    const { data: _data, configuration, retired, ...rest } = served.sink((topic) => this.#fateOf(topic))
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
        if (!stream) return false
        return heldAs(stream, 'live', stream.lane.live(frame, timeUsOf(frame, stream.timeBase), monotonicMs()))
      },
      outside: (topic, frame) => {
        this.#served.of(topic)?.output?.data(frame)
        const stream = this.#streams.get(topic)
        if (!stream) return
        // Nobody is told what becomes of it.
        stream.newest = undefined
        stream.unsent.delete(frame)
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
    return heldAs(stream, 'late', stream.lane.late(frame, timeUsOf(frame, stream.timeBase), monotonicMs()))
  }

  #streamOf(topic: string): HealedStream {
    let stream = this.#streams.get(topic)
    if (!stream) {
      stream = {
        lane: this.#laneOf(topic),
        timeBase: 0,
        rate: 0,
        compared: undefined,
        isSame: false,
        unsent: new Map(),
        newest: undefined,
      }
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
      delivered: (timeUs, as) => {
        const stream = streams.get(topic)
        if (!stream || heldAs(stream, as, true) === true) this.#consumer?.delivered(topic, timeUs, as)
      },
      release: (timeUs, as) => this.#consumer?.release(topic, timeUs, as),
      pendingBetween: (afterUs, beforeUs) => this.#consumer?.pendingBetween(topic, afterUs, beforeUs) ?? false,
    }
  }

  #fateOf(topic: string): StreamFate {
    /** Of a stream that is retired nobody asks any more. */
    const ended = (frame: Uint8Array): UnsentFrame | undefined => {
      const unsent = this.#streams.get(topic)?.unsent
      const found = unsent?.get(frame)
      unsent?.delete(frame)
      return found
    }
    return {
      waits: (frame) => {
        const stream = this.#streams.get(topic)
        if (!stream) return
        stream.newest = { timeUs: timeUsOf(frame, stream.timeBase), as: 'live' }
        stream.unsent.set(frame, stream.newest)
      },
      sent: (frame) => {
        const known = ended(frame)
        if (known) this.#consumer?.delivered(topic, known.timeUs, known.as)
      },
      unsent: (frame) => {
        // A PDC that connects again at once must not hide that none was there: the order begins anew with it.
        if (this.#served.of(topic)?.output?.receivers === 0) this.#streams.get(topic)?.lane.tick(monotonicMs())
        const known = ended(frame)
        if (known) this.#consumer?.release(topic, known.timeUs, known.as)
      },
    }
  }
}

/** What was taken is only kept as long as it waits in the connection. */
function heldAs<Taken extends LateTaken>(stream: HealedStream, as: 'live' | 'late', taken: Taken): Taken | 'kept' {
  const { newest } = stream
  if (taken !== true || !newest) return taken
  newest.as = as
  stream.newest = undefined
  return 'kept'
}
