/** A port of this machine for a program that has to be told one. */
import { once } from 'node:events'
import { createServer } from 'node:net'

// Below those that systems give to outgoing connections (Linux from 32,768 on, others from 49,152):
// else one of ours takes it before the program listens.
const FIRST = 12_000
const COUNT = 20_000

const given = new Set<number>()

/** On 127.0.0.1, free a moment ago, and never told twice by this process. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * COUNT)
    if (given.has(port) || !(await isFree(port))) continue
    given.add(port)
    return port
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1')
  try {
    await once(server, 'listening')
  } catch {
    return false
  }
  server.close()
  await once(server, 'close')
  return true
}
