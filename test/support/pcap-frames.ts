/**
 * C37.118 frames of a capture, found without `src/`: a walk over a classic
 * little-endian pcap of Ethernet and IPv4 that trusts FRAMESIZE, TCP sequence
 * numbers and nothing else. Enough for the captures the tests have.
 */

export interface PcapFrames {
  /** One CFG-2 per IDCODE. */
  readonly configurations: Buffer[]
  /** In the order they were captured. */
  readonly data: Buffer[]
}

export function pcapFrames(file: Uint8Array): PcapFrames {
  const configurations = new Map<number, Buffer>()
  const data: Buffer[] = []
  for (const frame of framesOf(Buffer.from(file))) {
    const type = (frame[1]! >> 4) & 7
    if (type === 0) data.push(frame)
    if (type === 3) configurations.set(frame.readUInt16BE(4), frame)
  }
  return { configurations: [...configurations.values()], data }
}

function* framesOf(file: Buffer): Generator<Buffer> {
  const pending = new Map<string, { next: number; bytes: Buffer }>()
  for (const { flow, sequence, payload } of payloadsOf(file)) {
    const state = pending.get(flow) ?? { next: sequence, bytes: Buffer.alloc(0) }
    pending.set(flow, state)
    if (sequence !== state.next) continue
    state.next = (state.next + (sequence === -1 ? 0 : payload.length)) >>> 0
    if (sequence === -1) state.next = -1
    state.bytes = Buffer.concat([state.bytes, payload])
    while (state.bytes.length >= 4) {
      if (state.bytes[0] !== 0xaa) {
        state.bytes = Buffer.alloc(0)
        break
      }
      const size = state.bytes.readUInt16BE(2)
      if (state.bytes.length < size) break
      yield state.bytes.subarray(0, size)
      state.bytes = state.bytes.subarray(size)
    }
  }
}

/** `sequence` is -1 over UDP. */
function* payloadsOf(file: Buffer): Generator<{ flow: string; sequence: number; payload: Buffer }> {
  if (file.readUInt32LE(0) !== 0xa1b2c3d4) throw new Error('not a little-endian pcap')
  for (let at = 24; at + 16 <= file.length; ) {
    const length = file.readUInt32LE(at + 8)
    const packet = file.subarray(at + 16, at + 16 + length)
    at += 16 + length
    if (packet.length < 34 || packet.readUInt16BE(12) !== 0x0800) continue
    const ip = packet.subarray(14, 14 + packet.readUInt16BE(16))
    const segment = ip.subarray((ip[0]! & 0xf) * 4)
    const flow = `${ip.subarray(12, 20).toString('hex')} ${segment.subarray(0, 4).toString('hex')}`
    if (ip[9] === 17) yield { flow, sequence: -1, payload: segment.subarray(8, segment.readUInt16BE(4)) }
    if (ip[9] !== 6) continue
    const payload = segment.subarray((segment[12]! >> 4) * 4)
    if (payload.length > 0) yield { flow, sequence: segment.readUInt32BE(4), payload }
  }
}
