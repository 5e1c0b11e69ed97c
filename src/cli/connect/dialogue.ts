import { Command, describeCommand } from '../../c37118/index.ts'

/** One line of what PMU and PDC said to each other. */
export interface DialogueStep {
  /** Milliseconds since the beginning. */
  readonly atMs: number
  readonly kind: 'sent' | 'received' | 'note'
  readonly text: string
}

const answers: Readonly<Record<number, string>> = {
  [Command.sendHeader]: 'HEADER',
  [Command.sendConfig1]: 'CFG-1',
  [Command.sendConfig2]: 'CFG-2',
  [Command.sendConfig3]: 'CFG-3',
}

/** Follows who said what, and what stayed unanswered. */
export class Dialogue {
  readonly #clock: () => number
  readonly #onStep: (step: DialogueStep) => void
  readonly #beganMs: number
  readonly steps: DialogueStep[] = []
  #awaited: { readonly what: string; readonly sinceMs: number } | undefined

  constructor(clock: () => number, onStep: (step: DialogueStep) => void) {
    this.#clock = clock
    this.#onStep = onStep
    this.#beganMs = clock()
  }

  asked(command: number): void {
    this.giveUp()
    const what = answers[command]
    if (what !== undefined) this.#awaited = { what, sinceMs: this.#clock() }
    this.#add('sent', describeCommand(command))
  }

  /** `what` as {@link answers} calls it. */
  answered(what: string, about: string): void {
    const awaited = this.#awaited?.what === what ? this.#awaited : undefined
    if (awaited) this.#awaited = undefined
    const after = awaited ? ` after ${Math.round(this.#clock() - awaited.sinceMs)} ms` : ', unasked'
    this.#add('received', `${what}${after}: ${about}`)
  }

  note(text: string): void {
    this.#add('note', text)
  }

  /** Whoever was asked last will not answer any more. */
  giveUp(): void {
    if (!this.#awaited) return
    const { what, sinceMs } = this.#awaited
    this.#awaited = undefined
    this.#add('note', `no ${what} within ${Math.round(this.#clock() - sinceMs)} ms`)
  }

  #add(kind: DialogueStep['kind'], text: string): void {
    const step = { atMs: Math.round(this.#clock() - this.#beganMs), kind, text }
    this.steps.push(step)
    if (this.steps.length > 1000) this.steps.shift()
    this.#onStep(step)
  }
}
