import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Child, startChild } from './children.ts'
import { freePort } from './free-port.ts'

export interface Mosquitto extends Child {
  readonly port: number
  readonly url: string
}

/** A Mosquitto of our own on loopback, nothing kept on disk. Needs Debian's `mosquitto`. */
export async function startMosquitto(): Promise<Mosquitto> {
  const folder = await mkdtemp(join(tmpdir(), 'phasorbus-bench-'))
  const port = await freePort()
  const settings = join(folder, 'mosquitto.conf')
  await writeFile(
    settings,
    [
      `listener ${port} 127.0.0.1`,
      'allow_anonymous true',
      'set_tcp_nodelay true',
      'max_queued_messages 0',
      'max_inflight_messages 0',
      'persistence false',
    ].join('\n'),
  )
  const child = startChild('mosquitto', 'mosquitto', ['-c', settings])
  await child.ready(/mosquitto version \S+ running/)
  return {
    ...child,
    port,
    url: `mqtt://127.0.0.1:${port}`,
    async end() {
      await child.end()
      await rm(folder, { recursive: true })
    },
  }
}
