import type { OfflineReason, SourceSink } from '../../src/link/index.ts'

/** Notes, as Buffers, what a source told its sink, in order, and lets a test wait for what is to come. */
export class RecordingSink implements SourceSink {
  readonly frames: Buffer[] = []
  readonly configurations: { readonly fragments: readonly Buffer[]; readonly inForce: boolean }[] = []
  readonly headers: Buffer[] = []
  readonly offlines: OfflineReason[] = []
  /** One word per call. */
  readonly calls: string[] = []
  readonly #waiting = new Set<{ readonly fits: (sink: RecordingSink) => boolean; readonly resolve: () => void }>()

  data(frame: Uint8Array): void {
    this.frames.push(Buffer.from(frame))
    this.#noted('data')
  }

  configuration(fragments: readonly Uint8Array[], inForce: boolean): void {
    this.configurations.push({ fragments: fragments.map((frame) => Buffer.from(frame)), inForce })
    this.#noted('configuration')
  }

  header(frame: Uint8Array): void {
    this.headers.push(Buffer.from(frame))
    this.#noted('header')
  }

  online(): void {
    this.#noted('online')
  }

  offline(reason: OfflineReason): void {
    this.offlines.push(reason)
    this.#noted('offline')
  }

  /** Resolves as soon as the record fits; looked at now and after each call. */
  until(fits: (sink: RecordingSink) => boolean): Promise<void> {
    return new Promise((resolve) => {
      if (fits(this)) resolve()
      else this.#waiting.add({ fits, resolve })
    })
  }

  #noted(call: string): void {
    this.calls.push(call)
    for (const entry of this.#waiting) {
      if (!entry.fits(this)) continue
      this.#waiting.delete(entry)
      entry.resolve()
    }
  }
}
