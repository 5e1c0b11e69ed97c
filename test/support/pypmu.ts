/** pypmu, an independent implementation in Python, in a process of its own. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const python = process.env.PHASORBUS_PYTHON ?? 'python3'

/** A script of test/support/pypmu, and its lines by their first word. */
export function pypmu(script: string, ...args: (string | number)[]): ChildProcessWithoutNullStreams {
  return spawn(python, [join(import.meta.dirname, 'pypmu', script), ...args.map(String)], {
    detached: true,
  })
}

/** With what it forked for its clients: those would go on, and on. */
export function endPypmu({ pid, exitCode }: ChildProcessWithoutNullStreams): void {
  if (pid !== undefined && exitCode === null) process.kill(-pid, 'SIGKILL')
}

export async function* pypmuLines(
  child: ChildProcessWithoutNullStreams,
): AsyncGenerator<{ word: string; bytes: Uint8Array; rest: string }> {
  for await (const line of createInterface(child.stdout)) {
    const [word = '', hex = '', ...rest] = line.split(' ')
    if (['config', 'data', 'sent'].includes(word)) yield { word, bytes: Buffer.from(hex, 'hex'), rest: rest.join(' ') }
  }
}
