import type { Bus } from '../bus/index.ts'
import type { RecoverySettings } from '../config/recovery.ts'
import { monotonicMs, utcMs } from '../runtime/clock.ts'
import type { Counter, Gauge, ServiceDeps } from '../runtime/service.ts'
import { nodeIdOf, type StreamState } from '../streams/index.ts'
import type { ConsumedStream } from './consumed-stream.ts'
import { GapPuller } from './gap-puller.ts'
import { Healing } from './healing.ts'
import { JournalNodes } from './journal-nodes.ts'
import { Journals } from './journals.ts'
import { LiveArrivals } from './live-arrivals.ts'
import { Pace } from './pace.ts'
import type { Remedy, RemedyHooks } from './remedy.ts'
import { ReplayClient } from './replay-client.ts'

export interface ReplayRemedyDeps extends ServiceDeps {
  readonly consumer: string
  /** By which live frames come. */
  readonly bus: Bus
  /** By which journals are asked. */
  readonly replayBus: Bus
  readonly pullTimeoutMs: number
  readonly hooks: RemedyHooks
}

interface HealedStream {
  readonly healing: Healing
  readonly journals: Journals
}

/** Gaps are pulled from the journals of the nodes that carry the stream. */
export class ReplayRemedy implements Remedy {
  readonly bus: Bus
  readonly #recovery: RecoverySettings
  readonly #hooks: RemedyHooks
  readonly #streams = new Map<ConsumedStream, HealedStream>()
  readonly #nodes = new JournalNodes()
  readonly #arrivals: LiveArrivals
  readonly #paceNow: Pace
  #client: ReplayClient
  readonly #puller: GapPuller
  readonly #forgets: readonly (() => void)[]
  readonly #unneeded: Counter
  readonly #unreadable: Counter
  readonly #window: Gauge
  readonly #backedOff: Counter
  readonly #hand: Gauge

  constructor(
    recovery: RecoverySettings,
    { consumer, bus, replayBus, pullTimeoutMs, hooks, ...deps }: ReplayRemedyDeps,
  ) {
    this.bus = bus
    this.#recovery = recovery
    this.#hooks = hooks
    this.#paceNow = new Pace(recovery)
    this.#arrivals = new LiveArrivals(this.#paceNow)
    const newClient = (): ReplayClient => new ReplayClient({ bus: replayBus, timeoutMs: pullTimeoutMs })
    this.#client = newClient()
    this.#puller = new GapPuller({
      ...deps,
      consumer,
      client: () => this.#client,
      renew: () => {
        // The broker may have lost the subscription (NATS, a node of whose died), or the connection be of no use.
        replayBus.renew?.()
        this.#client.close()
        this.#client = newClient()
      },
      pace: () => this.#pace,
    })
    this.#unneeded = deps.metrics.counter(
      'phasorbus_recovery_unneeded_frames_total',
      'Frames that journals sent and that were there already: holes that lie close are asked for as one.',
      { consumer },
    )
    this.#unreadable = deps.metrics.counter(
      'phasorbus_recovery_unreadable_frames_total',
      'Frames that journals sent without their configuration, or of another size than it gives.',
      { consumer },
    )
    this.#window = deps.metrics.gauge(
      'phasorbus_recovery_window_bytes',
      'Bytes that may be under way from journals, so that live frames are not late.',
      { consumer },
    )
    this.#backedOff = deps.metrics.counter(
      'phasorbus_recovery_backed_off_total',
      'Times that pulls were slowed down because live frames came late.',
      { consumer },
    )
    this.#hand = deps.metrics.gauge(
      'phasorbus_recovery_hand_bytes',
      'Bytes of late frames that wait until they are taken; at 8 MiB nothing more is asked for.',
      { consumer },
    )
    this.#forgets = [bus.onConnect(() => this.#pace.back(monotonicMs())), replayBus.onConnect(() => this.#connected())]
  }

  follow(stream: ConsumedStream, utcMs: number): void {
    const journals = new Journals(this.#nodes)
    const healing = new Healing(
      {
        stream: stream.topic,
        ledger: stream.ledger,
        epochs: stream.epochs,
        journals,
        maxAgeDays: this.#recovery.maxAgeDays,
        room: () => this.#hooks.room(stream),
        give: (frame, epoch) => this.#hooks.give(stream, frame, epoch),
        unneeded: () => this.#unneeded.add(),
        unreadable: () => this.#unreadable.add(),
        explain: (ranges) => this.#hooks.explain(stream, ranges),
        reopen: (fromUs, toUs, except) => this.#hooks.reopen(stream, fromUs, toUs, except),
        revise: this.#hooks.takesRevisions ? (frame, epoch) => this.#hooks.revise(stream, frame, epoch) : undefined,
      },
      utcMs,
    )
    this.#streams.set(stream, { healing, journals })
    this.#puller.add(healing)
  }

  leave(stream: ConsumedStream): void {
    const healed = this.#streams.get(stream)
    if (healed) this.#puller.remove(healed.healing)
    this.#streams.delete(stream)
  }

  state(stream: ConsumedStream, state: StreamState): void {
    this.#streams.get(stream)?.healing.heard(state, { nowMs: monotonicMs(), utcMs: utcMs() })
  }

  left(stream: ConsumedStream, node: string): void {
    const healed = this.#streams.get(stream)
    healed?.journals.left(node)
    healed?.healing.left(nodeIdOf(node))
  }

  unfetchedUs(stream: ConsumedStream): number | undefined {
    return this.#streams.get(stream)?.healing.unfetchedUs
  }

  live(lateMs: number, nowMs: number): void {
    this.#arrivals.add(lateMs, nowMs)
  }

  lost(nowMs: number): void {
    this.#pace.lost(nowMs)
  }

  room(stream: ConsumedStream): void {
    const healing = this.#streams.get(stream)?.healing
    if (!healing || (stream.ledger.pending === 0 && healing.handBytes === 0)) return
    healing.roomAgain()
    this.#puller.give(healing)
  }

  retry(stream: ConsumedStream): void {
    this.#streams.get(stream)?.healing.retry()
  }

  tick(): void {
    this.#puller.look()
  }

  turn(nowMs: number, periodMs?: number): void {
    this.#pace.turn(nowMs, periodMs)
    this.#window.set(this.#pace.windowBytes)
    this.#backedOff.add(this.#pace.backedOff - this.#backedOff.value)
    this.#hand.set(this.#puller.handBytes)
  }

  close(): void {
    for (const forget of this.#forgets) forget()
    this.#puller.close()
    this.#client.close()
  }

  get #pace(): Pace {
    this.#arrivals.look()
    return this.#paceNow
  }

  #connected(): void {
    this.#pace.restart(monotonicMs())
    this.#puller.restart()
    this.#nodes.clear()
    for (const { healing } of this.#streams.values()) healing.retry()
  }
}
