/**
 * Hostile PMUs and hostile PDCs in the same processes as a healthy stream: it
 * loses nothing. The link's own tests say what each hostile peer gets.
 */
import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { expect, it } from 'vitest'
import { command, startRawPdc } from '../../judge/index.ts'
import { startLine } from '../support/line.ts'
import { blueFrame, bluePmu, every20ms } from '../support/live-frames.ts'

const healthy = 7
const hostile = [101, 102, 103, 104] as const

/** What a hostile peer sends as soon as it is connected, and over and over. */
const garbage: Readonly<Record<(typeof hostile)[number], Uint8Array>> = {
  101: Uint8Array.from({ length: 4096 }, (_, i) => (i * 7919) & 0xff),
  // Half a frame.
  102: blueFrame(102, Date.now()).subarray(0, 20),
  // A giant FRAMESIZE behind every good SYNC.
  103: Uint8Array.from({ length: 4096 }, (_, i) => [0xaa, 0x01, 0xff, 0xff][i % 4]!),
  // A right CHK, but a FRAMESIZE no frame can have.
  104: Uint8Array.of(0xaa, 0x01, 0x00, 0x04),
}

async function hostilePmu(bytes: Uint8Array): Promise<{ server: Server; port: number; sockets: Set<Socket> }> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
    const flood = (): void => {
      if (socket.destroyed) return
      if (socket.write(bytes)) setImmediate(flood)
      else socket.once('drain', flood)
    }
    flood()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { server, port: (server.address() as { port: number }).port, sockets }
}

it('loses nothing of a healthy stream beside hostile PMUs and hostile PDCs', async () => {
  const pmus = await Promise.all(hostile.map((idcode) => hostilePmu(garbage[idcode])))
  const attackers: Socket[] = []
  try {
    await using line = await startLine({
      broker: 'embedded',
      configurations: [bluePmu(healthy)],
      besides: hostile.map((idcode, i) => ({ idcode, port: pmus[i]!.port })),
      server: {
        limits: { clients: 300, clientsPerAddress: 300, bufferedBytes: 65_536, firstCommandMs: 500 },
        slow: 'disconnect',
      },
    })
    const attack = (first: Uint8Array): Promise<void> =>
      new Promise((resolve) => {
        const socket = connect({ host: '127.0.0.1', port: line.pdcPort })
        socket.on('error', () => {}).on('close', () => resolve())
        socket.once('connect', () => {
          socket.write(first)
          resolve()
        })
        attackers.push(socket)
      })

    let written = 0
    const sending = every20ms((atMs) => {
      line.send(blueFrame(healthy, atMs))
      written++
    })
    // Beyond the limit of 300 connections, every kind of first bytes, and readers that never read.
    const openings = [...Object.values(garbage), command(healthy, 5), command(healthy, 2), new Uint8Array(0)]
    for (let i = 0; i < 1000; i++) {
      await attack(openings[i % openings.length]!)
      attackers.at(-1)?.pause()
    }
    // The PDC that came first still has its place, and others find one again.
    await line.read(Math.max(150, written))
    sending.stop()
    await line.read(written)

    expect(line.judge.verdict()).toMatchObject({
      published: written,
      delivered: written,
      lost: 0,
      duplicated: 0,
      differing: 0,
      reordered: 0,
    })
    for (const socket of attackers) socket.destroy()
    const stop = new AbortController()
    await new Promise<void>((resolve) => {
      startRawPdc({
        host: '127.0.0.1',
        port: line.pdcPort,
        idcode: healthy,
        signal: stop.signal,
        onData: () => {},
        onConfiguration: () => resolve(),
      })
    })
    stop.abort()
  } finally {
    for (const socket of attackers) socket.destroy()
    for (const { server, sockets } of pmus) {
      for (const socket of sockets) socket.destroy()
      server.close()
    }
  }
})
