/**
 * The plainest PDC there can be: connects, asks for the configuration, turns
 * data on and hands over every frame as it was read from the socket. Written
 * apart from the product, so that a fault there cannot hide itself here.
 */
import { setMaxListeners } from 'node:events'
import { connect, type Socket } from 'node:net'

export interface RawPdcOptions {
  readonly host: string
  readonly port: number
  readonly idcode: number
  /** Every whole frame that is not a configuration or header; a copy, may be kept. Bytes that are no frame come as one. */
  readonly onData: (frame: Uint8Array) => void
  readonly onConfiguration?: (frame: Uint8Array) => void
  /** The server hung up or refused; a PDC comes back by itself. */
  readonly onClose?: (error: Error | undefined) => void
  readonly signal: AbortSignal
}

const commandDataOn = 2
const commandSendConfig2 = 5
const reconnectMs = 100
/** A server may not know the stream yet. */
const askAgainMs = 500

/** Runs until the signal aborts; comes back when the server hangs up, as PDCs do. */
export function startRawPdc(options: RawPdcOptions): { readonly done: Promise<void> } {
  // Hundreds of PDCs may hang on one signal.
  setMaxListeners(0, options.signal)
  return { done: run(options) }
}

async function run(options: RawPdcOptions): Promise<void> {
  while (!options.signal.aborted) {
    const error = await session(options)
    if (options.signal.aborted) return
    options.onClose?.(error)
    await new Promise<void>((resolve) => {
      const timer = setTimeout(finish, reconnectMs)
      function finish(): void {
        clearTimeout(timer)
        options.signal.removeEventListener('abort', finish)
        resolve()
      }
      options.signal.addEventListener('abort', finish)
    })
  }
}

function session({ host, port, idcode, onData, onConfiguration, signal }: RawPdcOptions): Promise<Error | undefined> {
  return new Promise((resolve) => {
    let failure: Error | undefined
    const ask = (): void => void socket.write(command(idcode, commandSendConfig2))
    const asking = setInterval(ask, askAgainMs)
    const socket: Socket = connect({ host, port, noDelay: true }, ask)
    const stop = (): void => void socket.destroy()
    signal.addEventListener('abort', stop, { once: true })

    let pending = Buffer.alloc(0)
    socket.on('data', (chunk) => {
      pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk])
      for (;;) {
        if (pending.length < 4) return
        if (pending[0] !== 0xaa || pending.readUInt16BE(2) < 16) {
          onData(pending)
          pending = Buffer.alloc(0)
          return
        }
        const size = pending.readUInt16BE(2)
        if (pending.length < size) return
        const frame = pending.subarray(0, size)
        pending = pending.subarray(size)
        const type = (frame[1]! >> 4) & 7
        if (type === 3) {
          clearInterval(asking)
          onConfiguration?.(frame)
          socket.write(command(idcode, commandDataOn))
        } else if (type === 0) {
          onData(frame)
        }
      }
    })
    socket.on('error', (error) => {
      failure = error
    })
    socket.on('close', () => {
      clearInterval(asking)
      signal.removeEventListener('abort', stop)
      resolve(failure)
    })
  })
}

/** An 18-byte command frame; its time is now. */
export function command(idcode: number, cmd: number): Buffer {
  const frame = Buffer.alloc(18)
  frame.writeUInt16BE(0xaa41, 0)
  frame.writeUInt16BE(18, 2)
  frame.writeUInt16BE(idcode, 4)
  frame.writeUInt32BE(Math.floor(Date.now() / 1000), 6)
  frame.writeUInt16BE(cmd, 14)
  frame.writeUInt16BE(crcCcitt(frame.subarray(0, 16)), 16)
  return frame
}

/** Bit by bit, as C37.118.2 Annex B words it. */
function crcCcitt(bytes: Uint8Array): number {
  let crc = 0xffff
  for (const byte of bytes) {
    crc ^= byte << 8
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? ((crc << 1) ^ 0x1021) & 0xffff : (crc << 1) & 0xffff
  }
  return crc
}
