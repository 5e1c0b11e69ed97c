/**
 * The thesis's way, to compare with: a plain MQTT.js subscriber with one
 * persistent session for everything, in a process of its own. It notes when
 * what arrived, and loses and finds its connection when told to.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'

export interface PersistentSessionOptions {
  readonly url: string
  /** The broker knows the session by it. */
  readonly clientId: string
  readonly filter: string
  readonly qos?: 0 | 1 | 2
}

/** One data frame that arrived. */
export interface Arrival {
  /** Milliseconds of CLOCK_MONOTONIC (`monotonicMs` of bench/lab), as everywhere on this machine. */
  readonly atMs: number
  readonly topic: string
  readonly soc: number
  /** FRACSEC's 24 bits of fraction. */
  readonly fraction: number
}

export interface PersistentSession {
  readonly pid: number
  /** What arrived since it was last asked. */
  take(): Promise<Arrival[]>
  /** Drops the connection without a word, and stays away. The session goes on. */
  leave(): Promise<void>
  /** Comes back. Resolves when the broker has taken the connection; says whether it still had the session. */
  comeBack(): Promise<boolean>
  end(): Promise<void>
}

/** What parent and child say to each other. */
export type Question = 'take' | 'leave' | 'comeBack'
export interface Answer {
  readonly question: Question | 'ready'
  readonly topics?: readonly string[]
  /** Per frame: arrival in ms, index of its topic, SOC, fraction. */
  readonly numbers?: Float64Array
  readonly hasSession?: boolean
}

/** Connected and subscribed. */
export async function startPersistentSession(options: PersistentSessionOptions): Promise<PersistentSession> {
  const child = fork(join(import.meta.dirname, 'persistent-session-child.js'), [JSON.stringify(options)], {
    serialization: 'advanced',
    execArgv: [],
  })
  const ask = async (question: Question): Promise<Answer> => {
    const answer = answerOf(child, question)
    child.send(question)
    return answer
  }
  await answerOf(child, 'ready')
  return {
    pid: child.pid!,
    async take() {
      const { topics = [], numbers = new Float64Array() } = await ask('take')
      return Array.from({ length: numbers.length / 4 }, (_, index) => ({
        atMs: numbers[index * 4]!,
        topic: topics[numbers[index * 4 + 1]!]!,
        soc: numbers[index * 4 + 2]!,
        fraction: numbers[index * 4 + 3]!,
      }))
    },
    async leave() {
      await ask('leave')
    },
    async comeBack() {
      return (await ask('comeBack')).hasSession ?? false
    },
    async end() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const gone = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGTERM')
      await gone
    },
  }
}

function answerOf(child: ChildProcess, question: Answer['question']): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const onAnswer = (answer: Answer): void => {
      if (answer.question !== question) return
      done()
      resolve(answer)
    }
    const onExit = (code: number | null): void => {
      done()
      reject(
        new Error(`the subscriber with a persistent session ended with ${code} instead of an answer to ${question}`),
      )
    }
    const done = (): void => {
      child.off('message', onAnswer)
      child.off('exit', onExit)
    }
    child.on('message', onAnswer)
    child.on('exit', onExit)
  })
}
