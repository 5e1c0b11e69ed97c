import type { Duplex } from 'node:stream'
import { PacketMeter } from './packet-meter.ts'

/** Of a connection, in one turn of the event loop: a WebSocket message may have a hundred thousand packets. */
const TURN_BYTES = 16 * 1024

/** aedes takes bytes by `read`: the place to see them before its parser does. */
export function meter(connection: Duplex, maxPacketBytes: number, onTooLarge: () => void): void {
  const packets = new PacketMeter(maxPacketBytes)
  const read = connection.read.bind(connection)
  let left = TURN_BYTES
  const nextTurn = (): void => {
    left = TURN_BYTES
    if (connection.readableLength > 0) connection.emit('readable')
    // Its end may have come meanwhile: a stream tells that when it is read.
    else read(0)
  }
  connection.read = (size) => {
    if (left === 0) return null
    const bytes = read(size ?? (connection.readableLength > left ? left : undefined))
    if (bytes === null) return null
    if (left === TURN_BYTES) setImmediate(nextTurn)
    left = Math.max(0, left - bytes.length)
    if (packets.accepts(bytes)) return bytes
    onTooLarge()
    connection.destroy()
    return null
  }
}
