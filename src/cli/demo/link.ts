/** The link of a site, that can be cut: a TCP relay on loopback. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { aborted } from '../../runtime/aborted.ts'
import type { Running } from '../../runtime/service.ts'

export interface Link extends Running {
  readonly port: number
  readonly isCut: boolean
  /** Who has connected before waits until it is known where this leads. */
  leadTo(port: number): void
  cut(): void
  restore(): void
}

export async function startLink(signal: AbortSignal): Promise<Link> {
  const ends = new Set<Socket>()
  let target: number | undefined
  let waiting: Socket[] = []
  let isCut = false

  const join = (near: Socket, port: number): void => {
    const far = connect({ host: '127.0.0.1', port, noDelay: true })
    const both = [near, far] as const
    for (const socket of both) {
      ends.add(socket)
      socket.on('error', () => socket.destroy())
      socket.on('close', () => {
        ends.delete(socket)
        for (const each of both) each.destroy()
      })
    }
    near.pipe(far).pipe(near)
  }
  const server = createServer({ noDelay: true }, (socket) => {
    if (isCut) socket.destroy()
    else if (target === undefined) waiting.push(socket.on('error', () => socket.destroy()))
    else join(socket, target)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const cutAll = (): void => {
    for (const socket of [...ends, ...waiting]) socket.destroy()
    waiting = []
  }
  return {
    port: (server.address() as AddressInfo).port,
    get isCut() {
      return isCut
    },
    leadTo(port) {
      target = port
      for (const socket of waiting) join(socket, port)
      waiting = []
    },
    cut() {
      isCut = true
      cutAll()
    },
    restore() {
      isCut = false
    },
    done: aborted(signal).then(async () => {
      server.close()
      cutAll()
      await once(server, 'close')
    }),
  }
}
