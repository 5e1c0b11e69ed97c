/**
 * The configuration each stream had where the session is: frames of a backlog
 * are older than the configuration that is retained now. Kept in a file, for a
 * consumer that is started again in front of a backlog.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { z } from 'zod'
import { isMissing } from '../runtime/errno.ts'
import type { Log } from '../runtime/service.ts'
import { type Epoch, Epochs } from './epochs.ts'

/** Many streams begin in the same moment: one write for all. */
const WRITE_DELAY_MS = 10
const VERSION = 1

const Kept = z.strictObject({ version: z.literal(VERSION), streams: z.record(z.string(), z.array(z.base64())) })

interface StreamEpochs {
  readonly known: Epochs
  /** Where the session is. */
  there: Epoch | undefined
  /** What came last as live or retained. */
  latest: Epoch | undefined
}

export class SessionEpochs {
  readonly #path: string | undefined
  readonly #log: Log
  readonly #maxStreams: number
  readonly #streams = new Map<string, StreamEpochs>()
  #timer: NodeJS.Timeout | undefined

  constructor(path: string | undefined, log: Log, maxStreams: number) {
    this.#path = path
    this.#log = log
    this.#maxStreams = maxStreams
    if (path !== undefined) this.#read(path)
  }

  /** Of the frames that the session brings next. */
  of(stream: string): Epoch | undefined {
    return this.#streams.get(stream)?.there
  }

  /** The session brought this configuration. */
  begin(stream: string, fragments: readonly Uint8Array[]): void {
    const epochs = this.#meet(stream)
    const epoch = epochs?.known.of(fragments)
    if (!epochs || !epoch || epochs.there === epoch) return
    epochs.there = epoch
    this.#changed()
  }

  /** It is in force now, wherever the session is. Of a stream that nothing else is known of it is believed. */
  latest(stream: string, fragments: readonly Uint8Array[]): void {
    const epochs = this.#meet(stream)
    const epoch = epochs?.known.of(fragments)
    if (!epochs || !epoch) return
    epochs.latest = epoch
    if (epochs.there) return
    epochs.there = epoch
    this.#changed()
  }

  /** The stream was retired, where the session is. */
  retire(stream: string): void {
    if (this.#streams.delete(stream)) this.#changed()
  }

  /** The session begins anew, now. */
  restart(): void {
    for (const epochs of this.#streams.values()) epochs.there = epochs.latest
    this.#changed()
  }

  close(): void {
    if (this.#timer) this.#write()
  }

  #meet(stream: string): StreamEpochs | undefined {
    let epochs = this.#streams.get(stream)
    if (epochs || this.#streams.size >= this.#maxStreams) return epochs
    epochs = { known: new Epochs(), there: undefined, latest: undefined }
    this.#streams.set(stream, epochs)
    return epochs
  }

  #changed(): void {
    if (this.#path !== undefined) this.#timer ??= setTimeout(() => this.#write(), WRITE_DELAY_MS)
  }

  #write(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#path === undefined) return
    const streams: Record<string, string[]> = {}
    for (const [stream, { there }] of this.#streams) {
      if (there) streams[stream] = there.fragments.map((frame) => Buffer.from(frame).toString('base64'))
    }
    const beside = `${this.#path}.new`
    try {
      writeFileSync(beside, JSON.stringify({ version: VERSION, streams } satisfies z.output<typeof Kept>), {
        flush: true,
      })
      renameSync(beside, this.#path)
    } catch (error) {
      // Only a restart in front of a backlog, after a change of configuration, would miss it.
      this.#log.warn({ error, path: this.#path }, 'configurations of a session not written')
    }
  }

  #read(path: string): void {
    try {
      const { streams } = Kept.parse(JSON.parse(readFileSync(path, 'utf8')))
      for (const [stream, fragments] of Object.entries(streams)) {
        this.begin(
          stream,
          fragments.map((text) => Buffer.from(text, 'base64')),
        )
      }
      clearTimeout(this.#timer)
      this.#timer = undefined
    } catch (error) {
      if (isMissing(error)) return
      this.#log.warn({ error, path }, 'configurations of a session not readable: what is retained stands in for them')
    }
  }
}
