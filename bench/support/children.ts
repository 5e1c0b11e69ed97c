import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A program that the bench started, and ends by its id. */
export interface Child {
  readonly name: string
  readonly pid: number
  /** Resolves with what matched in its output. */
  ready(pattern: RegExp): Promise<RegExpExecArray>
  /** A line to its standard input. */
  tell(line: string): void
  end(): Promise<void>
}

const readyWithinMs = 60_000

export function startChild(name: string, command: string, args: readonly string[]): Child {
  const child: ChildProcess = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] })
  let output = ''
  let look = (): void => {}
  for (const stream of [child.stdout!, child.stderr!]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-100_000)
      look()
    })
  }
  const ended = new Promise<void>((resolve) => {
    child.on('error', (error) => {
      output += `${error.message}\n`
      resolve()
    })
    child.on('close', () => resolve())
  })

  return {
    name,
    pid: child.pid ?? 0,
    ready(pattern) {
      return new Promise((resolve, reject) => {
        const fail = (why: string): void => reject(new Error(`${name} ${why}:\n${output.slice(-2000)}`))
        const timer = setTimeout(() => fail('did not get ready'), readyWithinMs)
        look = () => {
          const found = pattern.exec(output)
          if (!found) return
          clearTimeout(timer)
          resolve(found)
        }
        void ended.then(() => fail('ended before it was ready'))
        look()
      })
    },
    tell: (line) => void child.stdin!.write(`${line}\n`),
    async end() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM')
      const timer = setTimeout(() => child.kill('SIGKILL'), 5_000)
      await ended
      clearTimeout(timer)
    },
  }
}

/** The command line of this build, as a user starts it. */
export function startPhasorbus(name: string, args: readonly string[]): Child {
  return startChild(name, process.execPath, [join(import.meta.dirname, '../../src/cli/main.js'), ...args])
}

export interface Usage {
  /** Processor time since the process began, in seconds. */
  readonly cpuS: number
  /** Resident memory now, in MiB. */
  readonly memoryMiB: number
}

/** From /proc (Linux). */
export function usageOf(pid: number): Usage {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const ticksPerSecond = 100
  const pageKiB = 4
  return {
    cpuS: (Number(fields[11]) + Number(fields[12])) / ticksPerSecond,
    memoryMiB: (Number(fields[21]) * pageKiB) / 1024,
  }
}
