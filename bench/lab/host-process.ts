/** A program in a host of the lab. */
import { type ChildProcess, spawn } from 'node:child_process'
import { deferred } from '../../src/runtime/deferred.ts'
import { stopped } from './unread.ts'

export interface HostProcess {
  readonly name: string
  readonly pid: number
  readonly running: boolean
  /** Resolves with what matched in its output since it began; rejects if it ends without. */
  ready(pattern: RegExp, withinMs?: number): Promise<RegExpExecArray>
  /** SIGSTOP: from when it resolves on it reads and writes nothing more. Only {@link kill} may follow. */
  stop(): Promise<void>
  /** SIGKILL to it and its children, as a power switch. Resolves when it is gone. */
  kill(): Promise<void>
  /** SIGTERM, and SIGKILL when it takes longer than 5 s. */
  end(): Promise<void>
  /** For a program with a message channel: see {@link StartOptions.messages}. */
  send(message: object): void
  onMessage(listen: (message: unknown) => void): void
  /** The last of what it wrote. */
  readonly output: string
}

export interface StartOptions {
  readonly env?: Readonly<Record<string, string>>
  /** A Node program that talks to us over `process.send`. */
  readonly messages?: boolean
  /** Called when it ends without having been asked to. */
  readonly onDeath?: (why: string) => void
}

const keptOutput = 200_000

/** Starts it in a network namespace; a group of its own, so that helpers end with it. */
export function startInNamespace(
  namespace: string,
  name: string,
  command: string,
  args: readonly string[],
  { env, messages = false, onDeath }: StartOptions = {},
): HostProcess {
  const child: ChildProcess = spawn('ip', ['netns', 'exec', namespace, command, ...args], {
    env: { ...process.env, ...env },
    detached: true,
    stdio: messages ? ['ignore', 'pipe', 'pipe', 'ipc'] : ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  let asked = false
  const looks = new Set<() => void>()
  for (const stream of [child.stdout!, child.stderr!]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-keptOutput)
      for (const look of looks) look()
    })
  }
  const { promise: ended, resolve: isEnded } = deferred<string>()
  child.on('error', (error) => isEnded(error.message))
  // Not `close`: a helper that outlives it keeps its output open.
  child.on('exit', (code, signal) => isEnded(`ended with ${signal ?? code}`))
  void ended.then((why) => {
    if (!asked) onDeath?.(`${name} ${why}:\n${output.slice(-2000)}`)
  })
  const isRunning = (): boolean => child.pid !== undefined && child.exitCode === null && child.signalCode === null
  const signalGroup = (signal: NodeJS.Signals): void => {
    asked = true
    if (isRunning()) process.kill(-child.pid!, signal)
  }

  return {
    name,
    pid: child.pid ?? 0,
    get running() {
      return isRunning()
    },
    get output() {
      return output
    },
    ready(pattern, withinMs = 60_000) {
      return new Promise((resolve, reject) => {
        const settle = (act: () => void): void => {
          clearTimeout(timer)
          looks.delete(look)
          act()
        }
        const fail = (why: string): void => settle(() => reject(new Error(`${name} ${why}:\n${output.slice(-4000)}`)))
        const timer = setTimeout(() => fail(`did not say ${pattern} within ${withinMs} ms`), withinMs)
        const look = (): void => {
          const found = pattern.exec(output)
          if (found) settle(() => resolve(found))
        }
        looks.add(look)
        void ended.then((why) => {
          look()
          if (looks.has(look)) fail(why)
        })
        look()
      })
    },
    async stop() {
      signalGroup('SIGSTOP')
      if (isRunning()) await stopped(child.pid!)
    },
    async kill() {
      signalGroup('SIGKILL')
      await ended
    },
    async end() {
      signalGroup('SIGTERM')
      const timer = setTimeout(() => signalGroup('SIGKILL'), 5_000)
      await ended
      clearTimeout(timer)
    },
    send(message) {
      child.send(message)
    },
    onMessage(listen) {
      child.on('message', listen)
    },
  }
}
