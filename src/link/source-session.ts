import { setTimeout as pause } from 'node:timers/promises'
import {
  Command,
  type Configuration,
  ConfigurationAssembler,
  decodeConfiguration,
  FrameError,
  FrameType,
  frameTypeOf,
  idcodeOf,
} from '../c37118/index.ts'
import type { SourceConfig } from '../config/source.ts'
import type { Log } from '../runtime/service.ts'
import { Answers } from './answers.ts'
import type { Channel, ChannelReceiver } from './channel.ts'
import { commandNow } from './command-now.ts'
import { countersDiffer } from './configuration-counters.ts'
import { configurationChangeStands, type DataLayout, dataLayout } from './data-layout.ts'
import type { Grudges } from './grudges.ts'
import { HeldFrames } from './held-frames.ts'
import { LinkError } from './link-error.ts'
import { Liveness } from './liveness.ts'
import { Paced } from './paced.ts'
import { silenceMs, stuckMs } from './silence.ts'
import type { FrameDiscard, SourceCounters } from './source-counters.ts'
import type { OfflineReason, SourceSink } from './source-sink.ts'
import { Unsticker } from './unsticker.ts'

/** A change is asked after at once, but a PMU is not asked more often than this. */
const URGENT_REREAD_MS = 1_000

const besides = {
  header: { command: Command.sendHeader, type: FrameType.header },
  'config-1': { command: Command.sendConfig1, type: FrameType.config1 },
  'config-3': { command: Command.sendConfig3, type: FrameType.config3 },
} as const

export interface SessionDeps {
  readonly sink: SourceSink
  readonly counters: SourceCounters
  readonly log: Log
  readonly signal: AbortSignal
  /** Frames of a configuration kept in a file. */
  readonly saved: readonly Uint8Array[] | undefined
  /** What the PMU hung up on when asked, over all sessions. */
  readonly grudges: Grudges
  /** Data flows: the next failure is the first again. */
  readonly established: () => void
  readonly offline: (reason: OfflineReason) => void
}

/**
 * One session with a PMU, from the open channel to its end: the dialogue, the
 * configuration in force, and the way of each frame to the sink. Data frames
 * that the configuration does not describe are held until one does.
 */
export class SourceSession implements ChannelReceiver {
  readonly idcode: number
  readonly #config: SourceConfig
  readonly #deps: SessionDeps
  readonly #sink: SourceSink
  readonly #counters: SourceCounters
  readonly #assembler = new ConfigurationAssembler()
  readonly #answers = new Answers<FrameType>()
  readonly #held: HeldFrames
  readonly #liveness = new Liveness((silentMs) => this.#silent(silentMs))
  readonly #unsticker = new Unsticker(() => this.#collectChecksums())
  readonly #reread = new Paced(() => void this.#rereadConfiguration())

  #channel: Channel | undefined
  #inForce: Configuration | undefined
  #layout: DataLayout | undefined
  #online = false
  /** STAT bit 10 stood in the last frame. */
  #changeStands = false
  /** Configurations that came, or did not, since data frames have another size. */
  #sizeReads = 0
  #asking = false
  /** Wanted while an answer was awaited, which may be of before. */
  #askAgain = false
  #askingBesides = false
  #besidesWanted = false
  /** What was asked besides and is not answered yet. */
  #outstanding: keyof typeof besides | undefined

  readonly #warned = new Set<string>()
  #badChecksums = 0
  #end: (fault: LinkError) => void = () => {}

  constructor(config: SourceConfig, deps: SessionDeps) {
    this.idcode = config.idcode
    this.#config = config
    this.#deps = deps
    this.#sink = deps.sink
    this.#counters = deps.counters
    this.#held = new HeldFrames(config.hold, () => deps.counters.discardFrame('hold-overflow'))
  }

  /** Runs until the channel ends, the stream is silent, or the abort. Rejects with the reason unless aborted. */
  async run(channel: Channel): Promise<void> {
    const { signal } = this.#deps
    this.#channel = channel
    this.#sink.opened?.(channel.address)
    // A slow line may take long for a large configuration, and before it nothing else is waited for.
    this.#unsticker.watch(channel.commanded ? this.#config.answerMs : this.#config.stuckMs)
    let onAbort = (): void => {}
    let fault: LinkError | undefined
    try {
      fault = await new Promise<LinkError | undefined>((resolve, reject) => {
        this.#end = resolve
        channel.closed.then(resolve, reject)
        onAbort = () => resolve(undefined)
        if (signal.aborted) onAbort()
        else signal.addEventListener('abort', onAbort)
        this.#begin(channel).catch(reject)
      })
    } finally {
      signal.removeEventListener('abort', onAbort)
      this.#stop()
      await channel.close()
      this.#counters.discardFrame('no-configuration', this.#held.take().length)
    }
    if (!fault) return
    if (this.#outstanding && (fault.code === 'LINK_CLOSED_BY_PEER' || fault.code === 'LINK_FAILED')) {
      this.#deps.grudges.hungUpOn(this.#outstanding)
    }
    throw fault
  }

  // --- what the channel brings

  received(bytes: number): void {
    this.#counters.bytes.add(bytes)
  }

  discarded(bytes: number, reason: string): void {
    this.#counters.discardBytes(bytes, reason)
    // Whole frames of a kind that is not read here were no data frames of ours.
    if (reason === 'unsupported-version' || reason === 'unknown-type') return
    this.#sink.unusable?.(reason === 'not-captured' ? reason : 'bad-checksum')
  }

  ignored(reason: FrameDiscard): void {
    this.#counters.discardFrame(reason)
  }

  frame(frame: Uint8Array): void {
    this.#unsticker.frame()
    if (idcodeOf(frame) !== this.idcode) {
      this.#counters.discardFrame('foreign-idcode')
      return
    }
    const type = frameTypeOf(frame)
    this.#counters.ofType(type).add()
    if (type === FrameType.data) this.#data(frame)
    else if (type === FrameType.header) this.#header(frame)
    else if (type !== FrameType.command) this.#configurationFrame(frame)
  }

  #data(frame: Uint8Array): void {
    const layout = this.#layout
    if (layout === undefined) {
      this.#liveness.seen()
      this.#held.push(frame)
      return
    }
    if (frame.length !== layout.frameSize) {
      this.#otherSize(frame, layout)
      return
    }
    if (this.#sizeReads > 0 || this.#held.size > 0) this.#sizeIsRight()
    const stands = configurationChangeStands(frame, layout)
    if (stands || this.#changeStands) this.#changeFlag(stands)
    this.#deliver(frame)
  }

  #deliver(frame: Uint8Array): void {
    this.#liveness.seen()
    if (!this.#online) this.#goOnline()
    this.#counters.delivered.add()
    this.#sink.data(frame)
  }

  #goOnline(): void {
    this.#online = true
    this.#counters.online.set(1)
    this.#deps.established()
    this.#sink.online()
  }

  #header(frame: Uint8Array): void {
    this.#sink.header(frame)
    this.#answers.arrived(FrameType.header)
  }

  // --- configuration

  #configurationFrame(frame: Uint8Array): void {
    try {
      const fragments = this.#assembler.push(frame)
      if (fragments) this.#configuration(fragments)
    } catch (error) {
      if (!(error instanceof FrameError)) throw error
      this.#counters.discardFrame('bad-configuration')
      this.#warnOnce({ ...error.facts }, 'refused a configuration')
    }
  }

  #configuration(fragments: readonly Uint8Array[]): void {
    const configuration = decodeConfiguration(fragments)
    const type = configuration.type
    const inForce =
      type === FrameType.config2 || (type === FrameType.config3 && this.#inForce?.type !== FrameType.config2)
    const changed = this.#inForce !== undefined && countersDiffer(this.#inForce, configuration)

    this.#sink.configuration(fragments, inForce)
    if (inForce) this.#putInForce(configuration)
    this.#answers.arrived(type)
    if (!changed || !this.#channel?.commanded) return
    if (inForce) void this.#askBesides()
    else this.#reread.want(URGENT_REREAD_MS)
  }

  #putInForce(configuration: Configuration): void {
    const layout = dataLayout(configuration)
    if (this.#layout && this.#held.size > 0) this.#sizeReads++
    this.#inForce = configuration
    this.#layout = layout
    this.#warned.clear()
    this.#watch(configuration.dataRate)
    for (const frame of this.#held.take()) {
      if (frame.length === layout.frameSize) this.#deliver(frame)
      else this.#discardOtherSize(1)
    }
  }

  /** A data frame that the configuration does not describe: another one is in force at the PMU, or soon here. */
  #otherSize(frame: Uint8Array, layout: DataLayout): void {
    if (this.#held.size === 0 && this.#sizeReads === 0) {
      this.#warnOnce({ size: frame.length, expected: layout.frameSize }, 'data frame of another size')
    }
    this.#held.push(frame)
    if (this.#channel?.commanded) this.#liveness.seen()
    if (this.#channel?.commanded && this.#sizeReads >= this.#config.attempts) {
      const { address } = this.#channel
      const facts = { code: 'LINK_UNDESCRIBED', address, size: frame.length, expected: layout.frameSize } as const
      this.#end(new LinkError(facts, `${address}: data frames of ${facts.size} bytes, CFG-2 says ${facts.expected}`))
    } else {
      this.#reread.want(URGENT_REREAD_MS)
    }
  }

  /** A frame of the right size again: those of another size were freaks. */
  #sizeIsRight(): void {
    this.#sizeReads = 0
    this.#discardOtherSize(this.#held.take().length)
  }

  #discardOtherSize(count: number): void {
    this.#counters.discardFrame('other-size', count)
    if (count > 0) this.#sink.unusable?.('other-size')
  }

  #changeFlag(stands: boolean): void {
    this.#reread.want(stands && this.#changeStands ? this.#config.rereadMs : URGENT_REREAD_MS)
    this.#changeStands = stands
  }

  /** Counted each time, told once until a configuration is in force: whoever sends it may send it at line rate. */
  #warnOnce(facts: object, message: string): void {
    if (this.#warned.has(message)) return
    this.#warned.add(message)
    this.#deps.log.warn(facts, message)
  }

  // --- the dialogue

  async #begin(channel: Channel): Promise<void> {
    const { saved } = this.#deps
    if (!channel.commanded) {
      if (saved) this.#useSaved(saved)
      return
    }
    this.#send(Command.dataOff)
    await pause(this.#config.settleMs)
    if (!(await this.#askConfiguration())) {
      if (this.#channel !== channel) return
      if (!saved) {
        const facts = {
          code: 'LINK_NO_CONFIGURATION',
          address: channel.address,
          attempts: this.#config.attempts,
        } as const
        this.#end(new LinkError(facts, `${channel.address} answers neither CFG-2 nor CFG-3`))
        return
      }
      this.#useSaved(saved)
    }
    this.#liveness.seen()
    this.#send(Command.dataOn)
    await pause(this.#config.settleMs)
    await this.#askBesides()
  }

  #useSaved(fragments: readonly Uint8Array[]): void {
    for (const fragment of fragments) this.#configurationFrame(fragment)
  }

  /** CFG-2, several times; then CFG-3, once. */
  async #askConfiguration(): Promise<boolean> {
    const { attempts, answerMs } = this.#config
    for (let attempt = 0; attempt < attempts && this.#channel; attempt++) {
      this.#send(Command.sendConfig2)
      if (await this.#answers.wait(FrameType.config2, answerMs)) return true
      if (this.#channel) this.#counters.unanswered('config-2')
    }
    if (!this.#channel) return false
    this.#send(Command.sendConfig3)
    return await this.#answers.wait(FrameType.config3, answerMs)
  }

  async #rereadConfiguration(): Promise<void> {
    if (!this.#channel?.commanded) return
    this.#askAgain = this.#asking
    if (this.#asking) return
    this.#asking = true
    const reads = this.#sizeReads
    await this.#askConfiguration()
    this.#asking = false
    // None came, or none that is in force here.
    if (this.#held.size > 0 && this.#sizeReads === reads) this.#sizeReads++
    if (this.#askAgain) this.#reread.want(URGENT_REREAD_MS)
  }

  /** What a PMU may answer or not: one after the other, each with its own short time. */
  async #askBesides(): Promise<void> {
    this.#besidesWanted = true
    if (this.#askingBesides) return
    this.#askingBesides = true
    while (this.#besidesWanted) {
      this.#besidesWanted = false
      for (const what of this.#config.ask) {
        if (!this.#channel) return
        if (this.#deps.grudges.isHeld(what)) continue
        const { command, type } = besides[what]
        this.#outstanding = what
        this.#send(command)
        const answered = await this.#answers.wait(type, this.#config.optionalAnswerMs)
        if (!this.#channel) return
        this.#outstanding = undefined
        if (!answered) this.#counters.unanswered(what)
      }
    }
    this.#askingBesides = false
  }

  #send(command: number): void {
    const channel = this.#channel
    if (!channel?.commanded) return
    this.#sink.asked?.(command)
    channel.send(commandNow(this.idcode, command, this.#config.version))
  }

  // --- silence

  #watch(dataRate: number): void {
    this.#unsticker.watch(stuckMs(this.#config, dataRate))
    this.#liveness.watch(silenceMs(this.#config, dataRate))
  }

  #silent(silentMs: number): void {
    const address = this.#channel?.address ?? ''
    const facts = { code: 'LINK_SILENT', address, silentMs } as const
    if (this.#channel?.commanded) this.#end(new LinkError(facts, `${address}: no data for ${silentMs} ms`))
    else this.#goOffline(facts)
  }

  /** Where nobody can be asked the session goes on: the stream comes back by itself. */
  #goOffline(reason: OfflineReason): void {
    if (!this.#online) return
    this.#online = false
    this.#counters.online.set(0)
    this.#deps.offline(reason)
  }

  #collectChecksums(): Channel | undefined {
    const channel = this.#channel
    if (channel) {
      this.#counters.badChecksums.add(channel.badChecksums - this.#badChecksums)
      this.#badChecksums = channel.badChecksums
    }
    return channel
  }

  #stop(): void {
    this.#unsticker.stop()
    this.#liveness.stop()
    this.#reread.stop()
    this.#send(Command.dataOff)
    this.#collectChecksums()
    this.#channel = undefined
    this.#answers.close()
    this.#counters.online.set(0)
  }
}
