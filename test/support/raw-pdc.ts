/**
 * One TCP connection of a PDC that does what the test says: it knows where a
 * frame ends and no more of C37.118. Independent of src/link.
 */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { hex } from './blue-pmu.ts'

export interface RawPdc extends AsyncDisposable {
  readonly socket: Socket
  /** Everything that came, cut by FRAMESIZE. */
  readonly frames: readonly Buffer[]
  send(...bytes: Uint8Array[]): void
  /** Resolves when so many frames of a type (SYNC bits 6 to 4) have come; with all of them. */
  received(type: number, count?: number): Promise<Buffer[]>
  /** Resolves when the server has closed the connection. */
  readonly closed: Promise<void>
}

export const frameType = { data: 0, header: 1, config1: 2, config2: 3, config3: 5 } as const

export async function connectRawPdc(port: number, host = '127.0.0.1'): Promise<RawPdc> {
  const socket = connect({ port, host, noDelay: true })
  const frames: Buffer[] = []
  const waiting = new Set<() => boolean>()
  const look = (): void => {
    for (const done of waiting) if (done()) waiting.delete(done)
  }
  let pending = Buffer.alloc(0)
  socket.on('data', (chunk) => {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk])
    while (pending.length >= 4 && pending.length >= pending.readUInt16BE(2)) {
      const size = pending.readUInt16BE(2)
      if (pending[0] !== 0xaa || size < 16)
        throw new Error(`no frame begins with ${pending.subarray(0, 4).toString('hex')}`)
      frames.push(pending.subarray(0, size))
      pending = pending.subarray(size)
    }
    look()
  })
  socket.on('error', () => {})
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  await once(socket, 'connect')
  return {
    socket,
    frames,
    send(...bytes) {
      for (const part of bytes) socket.write(part)
    },
    received: (type, count = 1) =>
      new Promise((resolve) => {
        const done = (): boolean => {
          const found = frames.filter((frame) => ((frame[1]! >> 4) & 7) === type)
          if (found.length < count) return false
          resolve(found)
          return true
        }
        if (!done()) waiting.add(done)
      }),
    closed,
    async [Symbol.asyncDispose]() {
      socket.destroy()
      await closed
    },
  }
}

/** An 18-byte command, SOC and FRACSEC 0 as real PDCs send it. */
export function command(idcode: number, cmd: number, extension: Uint8Array = new Uint8Array(0)): Uint8Array {
  const frame = Buffer.concat([hex('aa41 0012 0000 00000000 00000000'), Buffer.alloc(2), extension, Buffer.alloc(2)])
  frame.writeUInt16BE(frame.length, 2)
  frame.writeUInt16BE(idcode, 4)
  frame.writeUInt16BE(cmd, 14)
  frame.writeUInt16BE(crcCcitt(frame.subarray(0, -2)), frame.length - 2)
  return frame
}

/** Bit by bit, as C37.118.2 words it. */
function crcCcitt(bytes: Uint8Array): number {
  let crc = 0xffff
  for (const byte of bytes) {
    crc ^= byte << 8
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? ((crc << 1) ^ 0x1021) & 0xffff : (crc << 1) & 0xffff
  }
  return crc
}
