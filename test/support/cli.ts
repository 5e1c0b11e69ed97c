import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { inject } from 'vitest'

/** A test that failed must not leave its process behind. */
const LONGEST_MS = 120_000

export interface CliResult {
  readonly exitCode: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface CliOptions {
  readonly stdin?: string
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** Killed (SIGKILL) when the test ends without it. */
  readonly signal?: AbortSignal
}

/** The real command line, built, as a child process that has ended. */
export async function runCli(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  const cli = startCli(args, options)
  cli.child.stdin.end(options.stdin ?? '')
  return cli.ended
}

export interface RunningCli {
  readonly child: ChildProcessWithoutNullStreams
  readonly ended: Promise<CliResult>
  /** What was written so far. */
  stdout(): string
  stderr(): string
  /** Resolves with the match as soon as the output has it; rejects if the process ends without. */
  sees(pattern: RegExp, stream?: 'stdout' | 'stderr'): Promise<RegExpExecArray>
}

/** The same while it runs: for services, which end by a signal. */
export function startCli(args: readonly string[], { cwd, env, signal }: CliOptions = {}): RunningCli {
  const child = spawn(process.execPath, [inject('cliMain'), ...args], {
    cwd,
    env: { ...process.env, NO_COLOR: '1', ...env },
    timeout: LONGEST_MS,
    killSignal: 'SIGKILL',
    ...(signal && { signal }),
  })
  const output = { stdout: '', stderr: '' }
  const watchers = new Set<() => void>()
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] += text
      for (const look of watchers) look()
    })
  }
  child.stdin.on('error', () => {}) // a process that ended does not read: its exit code tells

  const ended = new Promise<CliResult>((resolve, reject) => {
    child.on('error', (error) => (error.name === 'AbortError' ? undefined : reject(error)))
    child.on('close', (exitCode, by) => resolve({ exitCode, signal: by, ...output }))
  })

  const sees: RunningCli['sees'] = (pattern, stream = 'stdout') =>
    new Promise((resolve, reject) => {
      const look = (): boolean => {
        const match = pattern.exec(output[stream])
        if (!match) return false
        watchers.delete(look)
        resolve(match)
        return true
      }
      if (look()) return
      watchers.add(look)
      ended.then(() => {
        if (!look()) reject(new Error(`ended without ${pattern}:\n${output.stdout}\n${output.stderr}`))
      }, reject)
    })

  return { child, ended, stdout: () => output.stdout, stderr: () => output.stderr, sees }
}

/** `phasorbus run` of a grid that is written to this file; resolves when it is ready. */
export async function startGridCli(file: string, grid: object, signal: AbortSignal): Promise<RunningCli> {
  await writeFile(file, JSON.stringify(grid))
  const cli = startCli(['run', file], { signal })
  await cli.sees(/"msg":"ready"/, 'stderr')
  return cli
}
