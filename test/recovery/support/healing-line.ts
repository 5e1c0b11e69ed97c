/** A consumer on the embedded broker, and what it gave. */
import { RecoverySettings } from '../../../src/config/recovery.ts'
import {
  type Consumer,
  type ConsumerSink,
  HeldFile,
  type LateTaken,
  startConsumer,
} from '../../../src/recovery/index.ts'
import type { TestDeps } from '../../support/deps.ts'
import { JournaledStreams, type StreamOptions, site, type TestStream } from '../../support/journaled-streams.ts'
import { type MemoryJournal, timeUsOf } from '../../support/memory-journal.ts'
import { Watched } from '../../support/watched.ts'

/** What a consumer gave, and how it was answered. */
export class RecordingConsumerSink extends Watched implements ConsumerSink {
  readonly got: { readonly stream: string; readonly timeUs: number; readonly as: 'live' | 'late' }[] = []
  readonly lateFragments = new Set<readonly Uint8Array[]>()
  readonly conflicts: Uint8Array[] = []
  takesLive: boolean | 'kept' = true
  takesLate: (frame: Uint8Array) => LateTaken = () => true
  room = Number.POSITIVE_INFINITY

  configuration(): void {}

  live(stream: string, frame: Uint8Array): boolean | 'kept' {
    if (this.takesLive === true) this.#note(stream, frame, 'live')
    return this.takesLive
  }

  outside(stream: string, frame: Uint8Array): void {
    this.#note(stream, frame, 'live')
  }

  late(stream: string, frame: Uint8Array, fragments: readonly Uint8Array[]): LateTaken {
    const taken = this.takesLate(frame)
    this.lateFragments.add(fragments)
    if (taken === true) this.#note(stream, frame, 'late')
    return taken
  }

  lateRoom(): number {
    return this.room
  }

  conflict(_stream: string, frame: Uint8Array): void {
    this.conflicts.push(frame)
    this.changed()
  }

  times(as?: 'live' | 'late'): number[] {
    return this.got.filter((one) => as === undefined || one.as === as).map(({ timeUs }) => timeUs)
  }

  #note(stream: string, frame: Uint8Array, as: 'live' | 'late'): void {
    this.got.push({ stream, timeUs: timeUsOf(frame), as })
    this.changed()
  }
}

export interface HealingLineOptions {
  /** Slots are closed by frames, not by the clock, unless it says otherwise. */
  readonly recovery?: Partial<RecoverySettings>
  readonly pullTimeoutMs?: number
  /** Where the consumer writes down what it holds. Default: nowhere. */
  readonly heldPath?: string
}

export class HealingLine {
  readonly sink = new RecordingConsumerSink()
  readonly consumer: Consumer
  readonly streams: JournaledStreams
  readonly held: HeldFile | undefined

  private constructor(deps: TestDeps, streams: JournaledStreams, options: HealingLineOptions) {
    const { pullTimeoutMs, heldPath } = options
    const recovery = RecoverySettings.parse({ closeAfterMs: 600_000, ...options.recovery })
    const held = heldPath === undefined ? undefined : HeldFile.open(heldPath, { consumer: 'test', ...recovery }, deps)
    this.streams = streams
    this.held = held
    this.consumer = deps.stops(
      startConsumer(
        {
          id: 'test',
          streams: [`${site}/PMU/#`],
          recovery,
          ...(pullTimeoutMs === undefined ? {} : { pullTimeoutMs }),
        },
        {
          ...deps,
          bus: streams.bus('consumer'),
          replayBus: streams.bus('pull'),
          sink: this.sink,
          ...(held && { held }),
        },
      ),
    )
    deps.stops({ done: this.consumer.done.finally(() => held?.close()) })
    streams.accounts = () => this.consumer.accounts()
  }

  static async start(deps: TestDeps, options: HealingLineOptions = {}): Promise<HealingLine> {
    const line = new HealingLine(deps, await JournaledStreams.start(deps), options)
    await line.consumer.ready
    return line
  }

  stream(idcode: number, options: StreamOptions = {}): TestStream {
    return this.streams.stream(idcode, options)
  }

  journal(nodeId?: string): MemoryJournal {
    return this.streams.journal(nodeId)
  }
}
