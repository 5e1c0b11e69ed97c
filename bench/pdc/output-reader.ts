/** Reads the output of a PDC as any C37.118 client does, and notes when each of its instants was there, whole. */
import { connect } from 'node:net'
import {
  Command,
  encodeCommand,
  FrameSplitter,
  FrameType,
  fractionOf,
  frameTypeOf,
  socOf,
} from '../../src/c37118/index.ts'
import { monotonicMs } from '../lab/monotonic.ts'

export interface OutputReader {
  /** By number of periods of 20 ms since the UNIX epoch. */
  readonly readMs: ReadonlyMap<number, number>
  /** Bytes of the frame that came last. */
  readonly frameBytes: number
  close(): void
}

export async function readOutput(port: number, idcode: number): Promise<OutputReader> {
  const readMs = new Map<number, number>()
  let frameBytes = 0
  const splitter = new FrameSplitter()
  const socket = connect({ host: '127.0.0.1', port, noDelay: true })
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject))
  socket.on('data', (chunk) =>
    splitter.push(chunk, (frame) => {
      if (frameTypeOf(frame) !== FrameType.data) return
      frameBytes = frame.length
      readMs.set(Math.round((socOf(frame) * 1000 + fractionOf(frame) / 1000) / 20), monotonicMs())
    }),
  )
  socket.on('error', () => {})
  socket.write(encodeCommand({ version: 2, idcode, soc: 0, fraction: 0, timeQuality: 0, command: Command.dataOn }))
  return {
    readMs,
    get frameBytes() {
      return frameBytes
    },
    close: () => void socket.destroy(),
  }
}
