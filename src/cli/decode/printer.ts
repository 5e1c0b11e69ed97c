import { FrameType } from '../../c37118/index.ts'
import { createStyle } from '../terminal/style.ts'
import type { DecodedFrame } from './capture-decoder.ts'
import { frameJson } from './frame-json.ts'
import { frameLine, streamLine } from './frame-line.ts'

export interface PrinterOptions {
  readonly json?: true
  /** Frames are not printed. */
  readonly summary?: true
  readonly idcode?: number
  readonly type?: keyof typeof FrameType
  readonly limit?: number
}

/** Gathers what a chunk gives, so that a pipe sees few large writes; waits when its reader does not keep up. */
export class Printer {
  readonly #options: PrinterOptions
  readonly #style = createStyle(process.stdout)
  readonly #introduced = new Set<number>()
  #lines: string[] = []
  #printed = 0

  constructor(options: PrinterOptions) {
    this.#options = options
  }

  get limited(): boolean {
    return this.#printed >= (this.#options.limit ?? Number.POSITIVE_INFINITY)
  }

  frame(decoded: DecodedFrame): void {
    const { summary, json, idcode, type } = this.#options
    if (summary || this.limited) return
    if (idcode !== undefined && decoded.header.idcode !== idcode) return
    if (type !== undefined && decoded.header.type !== FrameType[type]) return
    this.#printed++
    if (json) {
      this.#lines.push(JSON.stringify(frameJson(decoded)))
      return
    }
    const { stream } = decoded
    if (!this.#introduced.has(stream.number)) this.#lines.push(streamLine(stream, this.#style))
    this.#introduced.add(stream.number)
    this.#lines.push(frameLine(decoded, this.#style))
  }

  lines(lines: readonly string[]): void {
    this.#lines.push(...lines)
  }

  async flush(): Promise<void> {
    if (this.#lines.length === 0) return
    const text = `${this.#lines.join('\n')}\n`
    this.#lines = []
    if (!process.stdout.write(text)) await new Promise<void>((resolve) => process.stdout.once('drain', resolve))
  }
}
