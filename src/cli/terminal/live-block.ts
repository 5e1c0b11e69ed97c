const UP = '\x1b['
const CLEAR_DOWN = '\x1b[J'
const HIDE_CURSOR = '\x1b[?25l'
const SHOW_CURSOR = '\x1b[?25h'

/**
 * Lines at the bottom of a terminal that are drawn anew in place, while other
 * lines go above them and stay. Only for terminals: see `isTTY`.
 */
export class LiveBlock {
  readonly #stream: NodeJS.WriteStream
  #lines: readonly string[] = []
  #height = 0
  readonly #restore = (): void => void this.#stream.write(SHOW_CURSOR)

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream
    stream.write(HIDE_CURSOR)
    process.once('exit', this.#restore)
  }

  draw(lines: readonly string[]): void {
    this.#lines = lines
    this.#write('')
  }

  /** Prints above the block. */
  print(text: string): void {
    this.#write(text)
  }

  /** Leaves the block as it stands, or takes it away. */
  end({ keep = true } = {}): void {
    if (!keep) this.draw([])
    process.off('exit', this.#restore)
    this.#restore()
  }

  #write(above: string): void {
    const { columns = 80, rows = 24 } = this.#stream
    const lines = this.#lines.slice(0, Math.max(1, rows - 1)).map((line) => clip(line, columns - 1))
    const back = this.#height > 0 ? `${UP}${this.#height}A\r` : '\r'
    this.#stream.write(`${back}${CLEAR_DOWN}${above}${lines.map((line) => `${line}\n`).join('')}`)
    this.#height = lines.length
  }
}

/** Cut to so many visible characters; escape sequences take no room. */
export function clip(line: string, width: number): string {
  let visible = 0
  let result = ''
  for (const part of line.split(ESCAPE)) {
    if (part.startsWith('\x1b')) {
      result += part
      continue
    }
    const characters = [...part]
    result += characters.slice(0, width - visible).join('')
    visible += Math.min(characters.length, width - visible)
  }
  return result
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: colour is made of them
const ESCAPE = /(\x1b\[[0-9;]*m)/
