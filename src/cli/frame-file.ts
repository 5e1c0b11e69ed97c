import {
  ConfigurationAssembler,
  decodeConfiguration,
  FrameType,
  frameTypeOf,
  microsecondsOf,
  readFrameHeader,
} from '../c37118/index.ts'
import { PcapWriter, tcpPacket } from '../capture/index.ts'

/** The bytes of a file with frames, piece by piece. */
export interface FrameFile {
  begin(): Uint8Array
  /** A frame that must wait for the next comes with that one. */
  frame(frame: Uint8Array): Uint8Array
  readonly dataFrames: number
  /** Timestamp of the last data frame, µs since the UNIX epoch. */
  readonly lastUs: number
}

/** Frames back to back. */
export function rawFrames(): FrameFile {
  const clock = new FrameClock()
  return {
    begin: () => new Uint8Array(0),
    frame(frame) {
      clock.see(frame)
      return frame
    },
    get dataFrames() {
      return clock.dataFrames
    },
    get lastUs() {
      return clock.lastUs
    },
  }
}

/** What a TCP segment takes: a CFG-3 fragment of 64 KiB does not fit into one. */
const MOST_PAYLOAD = 32 * 1024

/**
 * As if it had been captured on the way from a PMU to us: one TCP stream, each
 * frame a packet at its own timestamp; a configuration, which may be days older,
 * at that of the data behind it.
 */
export function pcapFrames(): FrameFile {
  const clock = new FrameClock()
  const writer = new PcapWriter()
  const [pmu, pdc] = [
    { address: '127.0.0.1', port: 4712 },
    { address: '127.0.0.2', port: 50_000 },
  ]
  const waiting: Uint8Array[] = []
  let seq = 1
  const packets = (frame: Uint8Array): Uint8Array[] => {
    const parts: Uint8Array[] = []
    for (let at = 0; at < frame.length; at += MOST_PAYLOAD) {
      const payload = frame.subarray(at, at + MOST_PAYLOAD)
      parts.push(writer.packet(tcpPacket(pmu, pdc, { seq, ack: 1 }, payload), clock.lastUs))
      seq = (seq + payload.length) >>> 0
    }
    return parts
  }
  return {
    begin: () => writer.header(),
    frame(frame) {
      clock.see(frame)
      waiting.push(frame)
      return frameTypeOf(frame) === FrameType.data
        ? Buffer.concat(waiting.splice(0).flatMap(packets))
        : new Uint8Array(0)
    },
    get dataFrames() {
      return clock.dataFrames
    },
    get lastUs() {
      return clock.lastUs
    },
  }
}

/** The times of data frames as they pass by. */
class FrameClock {
  readonly #assembler = new ConfigurationAssembler()
  #timeBase = 0
  dataFrames = 0
  lastUs = 0

  see(frame: Uint8Array): void {
    if (frameTypeOf(frame) !== FrameType.data) {
      const fragments = this.#assembler.push(frame)
      if (fragments) this.#timeBase = decodeConfiguration(fragments).timeBase
      return
    }
    this.dataFrames++
    this.lastUs = microsecondsOf(readFrameHeader(frame), this.#timeBase)
  }
}
