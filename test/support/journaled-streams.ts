/** Producers on the embedded broker whose frames a test drops at will, and their journals in memory. */
import {
  CarrierWatch,
  type EmbeddedBroker,
  EmbeddedBrokerConfig,
  StreamProducer,
  startEmbeddedBroker,
} from '../../src/bus/index.ts'
import type { Configuration } from '../../src/c37118/index.ts'
import { startReplayServer } from '../../src/journal/index.ts'
import { type Account, accountedFor } from '../../src/streams/index.ts'
import type { TestDeps } from './deps.ts'
import { MemoryJournal, timeUsOf } from './memory-journal.ts'
import { configurationFrames, frameWriter, smallPmu } from './stream-frames.ts'

const area = 'area'
export const site = `${area}/secondary-station/1`
const node = (nodeId: string) => ({ area, locationType: 'secondary-station', locationId: '1', nodeId })

export class JournaledStreams {
  readonly deps: TestDeps
  readonly carriers = new CarrierWatch()
  readonly #broker: EmbeddedBroker
  readonly #buses = new Map<string, ReturnType<EmbeddedBroker['bus']>>()
  readonly #journals = new Map<string, MemoryJournal>()
  /** Of the consumer under test. */
  accounts: () => ReadonlyMap<string, Account> = () => new Map()

  private constructor(deps: TestDeps, broker: EmbeddedBroker) {
    this.deps = deps
    this.#broker = broker
  }

  static async start(deps: TestDeps): Promise<JournaledStreams> {
    const broker = deps.stops(await startEmbeddedBroker(EmbeddedBrokerConfig.parse({ listen: [] }), deps))
    return new JournaledStreams(deps, broker)
  }

  get broker(): EmbeddedBroker {
    return this.#broker
  }

  /** The same for the same node. */
  bus(nodeId: string): ReturnType<EmbeddedBroker['bus']> {
    const bus = this.#buses.get(nodeId) ?? this.#broker.bus(node(nodeId))
    this.#buses.set(nodeId, bus)
    return bus
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
          { node: node(nodeId), bytesPerS: 100_000_000 },
          { ...this.deps, buses: [this.bus(`${nodeId}-replay`)], journal },
        ),
      )
    }
    return journal
  }
}

/** A stream of frames of the last seconds: number 0 is `secondsAgo` old, and each next is a slot newer. */
export class TestStream {
  readonly topic: string
  readonly configuration: Configuration
  readonly #fromSoc: number
  readonly #line: JournaledStreams
  readonly #producers = new Map<string, StreamProducer>()
  readonly #write: (index: number) => Uint8Array

  constructor(line: JournaledStreams, idcode: number, { secondsAgo = 30, fromSoc, stat, ...pmu }: StreamOptions) {
    this.#line = line
    this.topic = `${site}/PMU/${idcode}`
    this.#fromSoc = fromSoc ?? Math.floor(Date.now() / 1000) - secondsAgo
    this.configuration = { ...smallPmu({ idcode, ...pmu }), soc: this.#fromSoc }
    this.#write = frameWriter(this.configuration, stat)
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
    const account = this.#line.accounts().get(this.topic)
    if (!account) throw new Error(`no account of ${this.topic}`)
    if (accountedFor(account) !== account.expected) throw new Error(`does not add up: ${JSON.stringify(account)}`)
    return account
  }
}

export interface StreamOptions {
  readonly secondsAgo?: number
  /** Of frame 0, instead. */
  readonly fromSoc?: number
  readonly dataRate?: number
  readonly phasors?: number
  /** Of frame n. */
  readonly stat?: (n: number) => number
}
