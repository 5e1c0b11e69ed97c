import { execFile, execFileSync } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Shell lines, ended by the first that fails. Their error output is in the error. */
export async function shell(lines: readonly string[]): Promise<string> {
  const { stdout } = await run('sh', ['-ec', lines.join('\n')])
  return stdout
}

/** The same where nothing can be awaited any more. */
export function shellSync(lines: readonly string[]): string {
  return execFileSync('sh', ['-ec', lines.join('\n')], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}
