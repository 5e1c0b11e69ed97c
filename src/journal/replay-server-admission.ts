/** Requests as they come in, judged a few at a time: whoever floods does not make a turn long. */
import {
  ContractError,
  parseReplayRequest,
  type ReplayRequest,
  type ReplyAddress,
  replayRequestOf,
} from '../streams/index.ts'
import type { ReplayCounters } from './replay-server-counters.ts'

/** Messages that wait to be looked at; those beyond are counted and forgotten. */
const MAX_INBOX = 256
/** Longest message that can be a request. */
const MAX_MESSAGE_BYTES = 4096
/** Looked at in one turn of the event loop. */
const A_TURN = 16

export interface AdmissionDeps {
  readonly counters: ReplayCounters
  admit(stream: string, request: ReplayRequest): void
  refuse(address: ReplyAddress, reason: 'bad-contract' | 'bad-request', problem: string): void
}

export class ReplayAdmission {
  readonly #deps: AdmissionDeps
  readonly #inbox: { readonly stream: string; readonly payload: Uint8Array }[] = []
  #turn: NodeJS.Immediate | undefined

  constructor(deps: AdmissionDeps) {
    this.#deps = deps
  }

  message(topic: string, payload: Uint8Array, retained: boolean): void {
    const meaning = replayRequestOf(topic)
    if (!meaning || payload.length > MAX_MESSAGE_BYTES) this.#deps.counters.unserved('unreadable')
    else if (retained) this.#deps.counters.unserved('retained')
    else if (this.#inbox.length >= MAX_INBOX) this.#deps.counters.unserved('overrun')
    else {
      // A copy: a small message must not hold on to a whole socket read.
      this.#inbox.push({ stream: meaning.stream, payload: new Uint8Array(payload) })
      this.#turn ??= setImmediate(this.#look)
    }
  }

  close(): void {
    clearImmediate(this.#turn)
    this.#inbox.length = 0
  }

  readonly #look = (): void => {
    for (const { stream, payload } of this.#inbox.splice(0, A_TURN)) this.#judge(stream, payload)
    this.#turn = this.#inbox.length > 0 ? setImmediate(this.#look) : undefined
  }

  #judge(stream: string, payload: Uint8Array): void {
    let request: ReplayRequest
    try {
      request = parseReplayRequest(payload)
    } catch (error) {
      if (!(error instanceof ContractError) || error.facts.code !== 'REPLAY_INVALID') throw error
      const { address, refusal = 'bad-request', problem } = error.facts
      if (address) this.#deps.refuse(address, refusal, problem)
      else this.#deps.counters.unserved('unreadable')
      return
    }
    this.#deps.admit(stream, request)
  }
}
