import { ContractError, type ReplyPart } from '../streams/index.ts'
import { RecoveryError, type RecoveryFault } from './recovery-error.ts'
import { type ReplayAnswer, ReplayAssembly } from './replay-assembly.ts'

export interface ReplayPullOptions {
  readonly area: string
  readonly stream: string
  readonly nodeId: string
  readonly maxBytes: number
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/** A request that was made, until its answer is whole or will not come. */
export class ReplayPull {
  readonly area: string
  readonly nodeId: string
  readonly answer: Promise<ReplayAnswer>
  readonly #stream: string
  readonly #signal: AbortSignal
  readonly #assembly: ReplayAssembly
  readonly #timer: NodeJS.Timeout
  #resolve!: (answer: ReplayAnswer) => void
  #reject!: (error: unknown) => void

  constructor({ area, stream, nodeId, maxBytes, timeoutMs, signal }: ReplayPullOptions) {
    this.area = area
    this.nodeId = nodeId
    this.#stream = stream
    this.#assembly = new ReplayAssembly(stream, maxBytes)
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    // It may fail before somebody waits for it.
    this.answer.catch(() => {})
    this.#signal = signal
    signal.addEventListener('abort', this.#aborted, { once: true })
    this.#timer = setTimeout(() => this.#timeout(timeoutMs), timeoutMs)
  }

  message(part: ReplyPart, payload: Uint8Array): void {
    this.#timer.refresh()
    try {
      const whole = this.#assembly.add(part, payload)
      if (!whole) return
      if (!('refused' in whole)) this.#resolve(whole)
      else this.#fail({ code: 'RECOVERY_REFUSED', reason: whole.refused, message: whole.message }, whole.message)
    } catch (error) {
      if (!(error instanceof ContractError) || error.facts.code !== 'REPLAY_INVALID') throw error
      this.#fail({ code: 'RECOVERY_BAD_ANSWER', problem: error.facts.problem }, error.facts.problem, error)
    }
  }

  connectionLost(): void {
    this.#fail({ code: 'RECOVERY_CONNECTION_LOST' }, 'the connection ended before the answer was whole')
  }

  /** Lets go of the clock and the signal. */
  close(): void {
    clearTimeout(this.#timer)
    this.#signal.removeEventListener('abort', this.#aborted)
  }

  readonly #aborted = (): void => this.#reject(this.#signal.reason)

  #timeout(waitedMs: number): void {
    const { parts } = this.#assembly
    this.#fail({ code: 'RECOVERY_TIMEOUT', waitedMs, parts }, `nothing came for ${waitedMs} ms, after ${parts} part(s)`)
  }

  #fail(facts: Unplaced<RecoveryFault>, problem: string, cause?: Error): void {
    const [stream, node] = [this.#stream, this.nodeId]
    this.#reject(new RecoveryError({ ...facts, stream, node }, `${stream} from ${node}: ${problem}`, { cause }))
  }
}

type Unplaced<F> = F extends { readonly code: string } ? Omit<F, 'stream' | 'node'> : never
