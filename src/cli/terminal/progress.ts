import { type Options, type Params, SingleBar } from 'cli-progress'
import { monotonicMs } from '../../runtime/clock.ts'
import { formatSpan } from './quantity.ts'

/** How far long work is, for the person who waits for it. */
export interface Progress {
  /** `value` of the total; `detail` stands behind the bar. */
  at(value: number, detail?: string): void
  /** Takes the bar away: what comes next has the line. */
  end(): void
}

export interface ProgressOptions {
  /** What is done, such as `reading site.pcap`. */
  readonly label: string
  /** Undefined where nobody knows: then there is no bar, only how far it is. */
  readonly total: number | undefined
  /** `value` for reading, where there is no total. */
  readonly text?: (value: number) => string
  /** Characters that `detail` takes at most: the bar leaves them free. */
  readonly room?: number
  /** A bar that comes and goes within a blink only disturbs. */
  readonly afterMs?: number
  readonly clock?: () => number
}

const AFTER_MS = 400
const WIDEST_BAR = 40

/** What stands behind the bar. */
interface Shown {
  readonly detail: string
  readonly left: string
}

export const noProgress: Progress = { at() {}, end() {} }

/** A bar on a terminal; nothing on anything else. Always `end()` it: it keeps the process. */
export function createProgress(stream: NodeJS.WriteStream, options: ProgressOptions): Progress {
  if (stream.isTTY !== true) return noProgress
  const { total, afterMs = AFTER_MS, clock = monotonicMs } = options
  const beganMs = clock()
  const remaining = new Remaining(clock)
  let bar: SingleBar | undefined
  // A second signal ends the process wherever it is: the cursor must be there again.
  const restore = (): void => bar?.stop()

  const show = (value: number, payload: Shown): SingleBar => {
    const shown = new SingleBar({
      stream,
      format: (settings, params, said: Shown) => line(settings, params, said, options),
      barsize: barSize(stream.columns ?? 80, options),
      hideCursor: true,
      clearOnComplete: true,
      gracefulExit: false,
    })
    shown.start(total ?? 0, value, payload)
    process.once('exit', restore)
    return shown
  }

  return {
    at(value, detail = '') {
      const shown = { detail, left: total === undefined ? '' : remaining.text(value, total) }
      if (bar) bar.update(value, shown)
      else if (clock() - beganMs >= afterMs) bar = show(value, shown)
    },
    end() {
      process.off('exit', restore)
      bar?.stop()
      bar = undefined
    },
  }
}

function barSize(columns: number, { label, room = 0 }: ProgressOptions): number {
  const others = `${label}   100 %  99 min left`.length + (room === 0 ? 0 : room + 2)
  return Math.max(5, Math.min(WIDEST_BAR, columns - others - 1))
}

function line(
  { barsize = WIDEST_BAR }: Options,
  { value, progress }: Params,
  { detail, left }: Shown,
  { label, total, text = String }: ProgressOptions,
): string {
  const about = [detail, left].map((said) => (said === '' ? '' : `  ${said}`)).join('')
  if (total === undefined) return `${label}  ${text(value)}${about}`
  const done = Math.round(progress * barsize)
  const percent = `${Math.floor(progress * 100)}`.padStart(3)
  return `${label}  ${'━'.repeat(done)}${'─'.repeat(barsize - done)} ${percent} %${about}`
}

/** Too early to tell before. */
const SURE_AFTER_MS = 1000

/** How long it will take if it goes on as it went; a value that goes back begins anew. */
class Remaining {
  readonly #clock: () => number
  #since: { readonly ms: number; readonly value: number } | undefined
  #last = 0

  constructor(clock: () => number) {
    this.#clock = clock
  }

  text(value: number, total: number): string {
    const now = this.#clock()
    if (value < this.#last) this.#since = undefined
    this.#last = value
    if (value > 0) this.#since ??= { ms: now, value }
    const { ms, value: from } = this.#since ?? { ms: now, value }
    if (now - ms < SURE_AFTER_MS || value <= from) return ''
    return `${formatSpan(((now - ms) * (total - value)) / (value - from))} left`
  }
}
