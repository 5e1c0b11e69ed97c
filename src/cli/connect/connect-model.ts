import {
  type Configuration,
  compileDecoder,
  type DataDecoder,
  type DataSample,
  decodeConfiguration,
  decodeHeader,
  fractionOf,
  sameConfiguration,
  socOf,
} from '../../c37118/index.ts'
import type { OfflineReason, SourceSink } from '../../link/index.ts'
import { monotonicMs, utcMs } from '../../runtime/clock.ts'
import { configurationName, describeRate } from '../terminal/configuration-view.ts'
import { count } from '../terminal/quantity.ts'
import { Dialogue, type DialogueStep } from './dialogue.ts'
import { StreamStatistics } from './stream-statistics.ts'

/** Frames that doubts are judged by: 5 s of 50 frames/s. */
const KEPT_SAMPLES = 250

export interface ModelEvents {
  step(step: DialogueStep): void
  /** Another configuration is in force. */
  configured(configuration: Configuration): void
  online(): void
  offline(reason: OfflineReason): void
}

/** All that is known of the PMU so far: the sink of its source, read by the views. */
export class ConnectModel implements SourceSink {
  readonly dialogue: Dialogue
  readonly live: boolean
  readonly #events: ModelEvents
  #decoder: DataDecoder | undefined
  #statistics: StreamStatistics | undefined
  /** Totals of configurations that are no more. */
  readonly #before = { frames: 0, lost: 0, duplicates: 0, stepsBack: 0 }
  readonly samples: DataSample[] = []
  /** The configuration in force as received, and all that were received. */
  fragments: readonly Uint8Array[] | undefined
  configurations = 0
  headerText: string | undefined
  onlineSinceMs: number | undefined

  /** `live`: frames arrive as they are measured, so that rate and latency mean something. */
  constructor(events: ModelEvents, live: boolean) {
    this.live = live
    this.#events = events
    this.dialogue = new Dialogue(monotonicMs, events.step)
  }

  get inForce(): Configuration | undefined {
    return this.#decoder?.configuration
  }

  get statistics(): StreamStatistics | undefined {
    return this.#statistics
  }

  get totals(): { frames: number; lost: number; duplicates: number; stepsBack: number } {
    const { frames = 0, lost = 0, duplicates = 0, stepsBack = 0 } = this.#statistics ?? {}
    const before = this.#before
    return {
      frames: before.frames + frames,
      lost: before.lost + lost,
      duplicates: before.duplicates + duplicates,
      stepsBack: before.stepsBack + stepsBack,
    }
  }

  opened(address: string): void {
    this.dialogue.note(`connected to ${address}`)
  }

  asked(command: number): void {
    this.dialogue.asked(command)
  }

  data(frame: Uint8Array): void {
    if (!this.#decoder) return
    this.#statistics?.arrived(socOf(frame), fractionOf(frame), monotonicMs(), utcMs())
    if (this.samples.length === KEPT_SAMPLES) this.samples.shift()
    this.samples.push(this.#decoder.decode(frame))
  }

  configuration(fragments: readonly Uint8Array[], inForce: boolean): void {
    const configuration = decodeConfiguration(fragments)
    const bytes = fragments.reduce((sum, { length }) => sum + length, 0)
    const about = `${count(bytes, 'byte')}, ${count(configuration.pmus.length, 'PMU')}, ${describeRate(configuration.dataRate)}`
    this.dialogue.answered(configurationName(configuration), about)
    this.configurations++
    if (!inForce || (this.fragments && sameConfiguration(this.fragments, fragments))) return

    this.fragments = fragments
    Object.assign(this.#before, this.totals)
    this.#decoder = compileDecoder(configuration)
    this.#statistics = new StreamStatistics(configuration)
    this.samples.length = 0
    this.#events.configured(configuration)
  }

  header(frame: Uint8Array): void {
    this.headerText = decodeHeader(frame).text
    this.dialogue.answered('HEADER', this.headerText === '' ? 'empty' : JSON.stringify(this.headerText))
  }

  online(): void {
    this.onlineSinceMs ??= monotonicMs()
    this.dialogue.note('data flows')
    this.#events.online()
  }

  offline(reason: OfflineReason): void {
    if (reason.code !== 'LINK_STOPPED') this.dialogue.giveUp()
    this.#events.offline(reason)
  }
}
