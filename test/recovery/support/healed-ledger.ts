/** A ledger, its healing, and journals in memory that are asked until nothing is wanted: no bus, no clock. */
import type { Configuration } from '../../../src/c37118/index.ts'
import type { LateTaken } from '../../../src/recovery/consumer-sink.ts'
import { Epochs } from '../../../src/recovery/epochs.ts'
import { Healing } from '../../../src/recovery/healing.ts'
import { JournalNodes } from '../../../src/recovery/journal-nodes.ts'
import { Journals } from '../../../src/recovery/journals.ts'
import type { Instant } from '../../../src/recovery/remedy.ts'
import { type Account, accountedFor, StreamLedger, type StreamState } from '../../../src/streams/index.ts'
import { MemoryJournal } from '../../support/memory-journal.ts'
import { configurationFrames } from '../../support/stream-frames.ts'

const topic = 'a/t/l/PMU/1'

export class HealedLedger {
  readonly ledger = new StreamLedger()
  /** Why late frames are not taken. */
  refusal: (LateTaken & string) | undefined
  /** Frames that were given, and fresh. */
  readonly late: Uint8Array[] = []
  readonly #journals = new Journals(new JournalNodes())
  readonly #byNode = new Map<string, MemoryJournal>()
  readonly #epochs = new Epochs()
  readonly #healing: Healing
  readonly #configuration: Configuration
  #nowMs = 0
  #passedMs = 0

  constructor(configuration: Configuration) {
    this.#configuration = configuration
    this.ledger.configuration(configuration)
    this.#epochs.begin(configurationFrames(configuration))
    const options = {
      stream: topic,
      ledger: this.ledger,
      journals: this.#journals,
      epochs: this.#epochs,
      maxAgeDays: 7,
      room: () => 1000,
      unreadable: () => {
        throw new Error('a frame without its configuration')
      },
      unneeded: () => {},
      give: (frame: Uint8Array) => {
        if (this.ledger.late(frame, configuration, this.#utcMs * 1000) === 'fresh') {
          if (this.refusal === undefined) this.ledger.take()
          else this.ledger.giveUp(this.refusal)
          this.late.push(frame)
        }
        return 'done' as const
      },
      explain: (ranges: Parameters<StreamLedger['absent']>[0]) => this.ledger.absent(ranges),
      reopen: (fromUs: number, toUs: number, except: ReadonlySet<string>) => this.ledger.reopen(fromUs, toUs, except),
    }
    this.#healing = new Healing(options, this.#utcMs)
  }

  get account(): Account {
    const account = this.ledger.account()
    if (accountedFor(account) !== account.expected) throw new Error(`does not add up: ${JSON.stringify(account)}`)
    return account
  }

  get size(): number {
    return this.#epochs.inForce!.frameSize
  }

  live(frame: Uint8Array, utcUs: number): void {
    if (this.ledger.live(frame, utcUs) === 'fresh') this.ledger.take()
  }

  /** The node is heard of, and has recorded these frames; what it has not was never produced. */
  recorded(nodeId: string, frames: readonly Uint8Array[], from = ''): MemoryJournal {
    const journal = new MemoryJournal(this.#configuration.timeBase)
    journal.add(topic, ...configurationFrames(this.#configuration), ...frames)
    journal.absent = [{ fromUs: 0, toUs: Number.MAX_SAFE_INTEGER, verdict: 'never-produced' }]
    this.#byNode.set(nodeId, journal)
    this.says(nodeId, { from, to: '' })
    return journal
  }

  /** The node says that this is the span of its journal, or that it has none. */
  says(nodeId: string, journal: StreamState['journal']): void {
    this.#healing.heard({ contract: 1, online: true, rate: 1, node: `a/t/l/NODE/${nodeId}`, journal }, this.#now)
  }

  /** So much time passes, by both clocks. */
  pass(ms: number): void {
    this.#nowMs += ms
    this.#passedMs += ms
  }

  /** Asks, a few frames at a time, until nothing more is wanted. Who recorded nothing does not answer. */
  async heal(): Promise<void> {
    for (;;) {
      const now = this.#now
      const pull = this.#healing.want(now, 4 * this.size)
      if (!pull) return
      this.#healing.asked(this.#nowMs)
      const journal = this.#byNode.get(pull.nodeId)
      if (!journal) {
        this.#healing.failed(pull.nodeId, now)
        continue
      }
      const answer = await journal.reader(topic)!.read(pull.query)
      this.#healing.answered(pull.nodeId, answer, 4 * this.size, now)
      while (this.#healing.give(10, this.#nowMs));
      this.#nowMs++
    }
  }

  get #now(): Instant {
    return { nowMs: this.#nowMs, utcMs: this.#utcMs }
  }

  /** Ten minutes after its configuration, and what has passed since. */
  get #utcMs(): number {
    return (this.#configuration.soc + 600) * 1000 + this.#passedMs
  }
}
