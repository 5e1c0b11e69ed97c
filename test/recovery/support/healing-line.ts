/** A consumer on the embedded broker, producers whose frames a test drops at will, and journals in memory. */
import { CarrierWatch, EmbeddedBrokerConfig, StreamProducer, startEmbeddedBroker } from '../../../src/bus/index.ts'
import type { Configuration } from '../../../src/c37118/index.ts'
import { RecoverySettings } from '../../../src/config/recovery.ts'
import { startReplayServer } from '../../../src/journal/index.ts'
import { type Consumer, type ConsumerSink, type LateTaken, startConsumer } from '../../../src/recovery/index.ts'
import { type Account, accountedFor } from '../../../src/streams/index.ts'
import type { TestDeps } from '../../support/deps.ts'
import { MemoryJournal, timeUsOf } from '../../support/memory-journal.ts'
import { configurationFrames, frameWriter, smallPmu } from '../../support/stream-frames.ts'
import { Watched } from '../../support/watched.ts'

const area = 'area'
const site = `${area}/secondary-station/1`
const node = (nodeId: string) => ({ area, locationType: 'secondary-station', locationId: '1', nodeId })

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

/** A stream of frames of the last seconds: number 0 is `secondsAgo` old, and each next is a slot newer. */
export class TestStream {
  readonly topic: string
  readonly configuration: Configuration
  readonly #fromSoc: number
  readonly #line: HealingLine
  readonly #producers = new Map<string, StreamProducer>()
  readonly #write: (index: number) => Uint8Array

  constructor(line: HealingLine, idcode: number, { secondsAgo = 30, ...pmu }: StreamOptions) {
    this.#line = line
    this.topic = `${site}/PMU/${idcode}`
    this.#fromSoc = Math.floor(Date.now() / 1000) - secondsAgo
    this.configuration = { ...smallPmu({ idcode, ...pmu }), soc: this.#fromSoc }
    this.#write = frameWriter(this.configuration)
  }

  frame(n: number): Uint8Array {
    return this.#write(n)
  }

  timeUs(n: number): number {
    return timeUsOf(this.frame(n))
  }

  /** Carried by this node from here on, whose state says whether it has a journal. */
  carriedBy(nodeId: string, { hasJournal = true } = {}): this {
    const producer = new StreamProducer(
      {
        topic: this.topic,
        buses: [this.#line.bus(nodeId)],
        node: `${site}/NODE/${nodeId}`,
        carriers: this.#line.carriers,
      },
      { metrics: this.#line.deps.metrics },
    )
    this.#producers.set(nodeId, producer)
    producer.configuration(configurationFrames(this.configuration))
    if (hasJournal) producer.journal({ fromUs: this.timeUs(0), toUs: this.timeUs(1) })
    producer.state({ online: true, rate: this.configuration.dataRate })
    return this
  }

  /** Publishes the frames [from, to), as this node. */
  live(from: number, to = from + 1, nodeId = 'one'): void {
    for (let n = from; n < to; n++) this.#producers.get(nodeId)!.data(this.frame(n))
  }

  /** Records the frames [from, to) in the journal of this node. */
  journaled(from: number, to: number, nodeId = 'one'): void {
    const journal = this.#line.journal(nodeId)
    journal.add(this.topic, ...configurationFrames(this.configuration))
    for (let n = from; n < to; n++) journal.add(this.topic, this.frame(n))
  }

  producer(nodeId = 'one'): StreamProducer {
    return this.#producers.get(nodeId)!
  }

  get account(): Account {
    const account = this.#line.consumer.accounts().get(this.topic)
    if (!account) throw new Error(`no account of ${this.topic}`)
    if (accountedFor(account) !== account.expected) throw new Error(`does not add up: ${JSON.stringify(account)}`)
    return account
  }
}

export interface StreamOptions {
  readonly secondsAgo?: number
  readonly dataRate?: number
  readonly phasors?: number
}

export interface HealingLineOptions {
  /** Slots are closed by frames, not by the clock, unless it says otherwise. */
  readonly recovery?: Partial<RecoverySettings>
  readonly streams?: readonly string[]
}

export class HealingLine {
  readonly deps: TestDeps
  readonly sink = new RecordingConsumerSink()
  readonly consumer: Consumer
  readonly carriers = new CarrierWatch()
  readonly bus: (nodeId: string) => ReturnType<Awaited<ReturnType<typeof startEmbeddedBroker>>['bus']>
  readonly #journals = new Map<string, MemoryJournal>()

  private constructor(
    deps: TestDeps,
    broker: Awaited<ReturnType<typeof startEmbeddedBroker>>,
    { recovery, streams = [`${site}/PMU/#`] }: HealingLineOptions,
  ) {
    this.deps = deps
    const buses = new Map<string, ReturnType<typeof broker.bus>>()
    this.bus = (nodeId) => {
      const bus = buses.get(nodeId) ?? broker.bus(node(nodeId))
      buses.set(nodeId, bus)
      return bus
    }
    this.consumer = deps.stops(
      startConsumer(
        { id: 'test', streams, recovery: RecoverySettings.parse({ closeAfterMs: 600_000, ...recovery }) },
        { ...deps, bus: this.bus('consumer'), replayBus: this.bus('pull'), sink: this.sink },
      ),
    )
  }

  static async start(deps: TestDeps, options: HealingLineOptions = {}): Promise<HealingLine> {
    const broker = deps.stops(await startEmbeddedBroker(EmbeddedBrokerConfig.parse({ listen: [] }), deps))
    const line = new HealingLine(deps, broker, options)
    await line.consumer.ready
    return line
  }

  stream(idcode: number, options: StreamOptions = {}): TestStream {
    return new TestStream(this, idcode, options)
  }

  /** The journal of a node, and from the first call on its server. */
  journal(nodeId = 'one'): MemoryJournal {
    let journal = this.#journals.get(nodeId)
    if (!journal) {
      journal = new MemoryJournal()
      this.#journals.set(nodeId, journal)
      this.deps.stops(
        startReplayServer(
          { area, nodeId, bytesPerS: 100_000_000 },
          { ...this.deps, buses: [this.bus(`${nodeId}-replay`)], journal },
        ),
      )
    }
    return journal
  }
}
