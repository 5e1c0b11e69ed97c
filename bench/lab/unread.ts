/** What the system has received for a process, and the process has not read: `/proc/net/tcp` of its namespace. */
import { readdir, readFile } from 'node:fs/promises'
import { errnoOf, isMissing } from '../../src/runtime/errno.ts'

/** Bytes unread in its connections to a port, each; of the whole namespace, which is the process's own. */
export async function unreadBytes(pid: number, remotePort: number): Promise<number[]> {
  const tables = await Promise.all(['tcp', 'tcp6'].map((table) => readFile(`/proc/${pid}/net/${table}`, 'utf8')))
  return tables.flatMap((table) => unreadOf(table, remotePort))
}

export function unreadOf(table: string, remotePort: number): number[] {
  return table.split('\n').flatMap((line) => {
    const [, , remote = '', , queues = ''] = line.trim().split(/\s+/)
    const [port, unread] = [remote.split(':')[1], queues.split(':')[1]]
    return port !== undefined && unread !== undefined && Number.parseInt(port, 16) === remotePort
      ? [Number.parseInt(unread, 16)]
      : []
  })
}

/** Resolves once no thread of it runs any more after SIGSTOP. */
export async function stopped(pid: number): Promise<void> {
  for (;;) {
    const threads = await readdir(`/proc/${pid}/task`)
    const states = await Promise.all(threads.map((thread) => stateOf(`/proc/${pid}/task/${thread}/stat`)))
    if (states.every((state) => state === 'T')) return
  }
}

/** A thread that has ended in the meantime does not run either. */
async function stateOf(path: string): Promise<string> {
  try {
    const stat = await readFile(path, 'utf8')
    // The name before the state may have blanks and parentheses.
    return stat.slice(stat.lastIndexOf(')') + 2)[0]!
  } catch (error) {
    if (isMissing(error) || errnoOf(error) === 'ESRCH') return 'T'
    throw error
  }
}
