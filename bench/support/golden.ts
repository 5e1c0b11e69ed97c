import { checksum } from '../../src/c37118/index.ts'

/** The configuration of IDCODE 241 in C37.118_1PMU_TCP.pcap: 4 float rectangular phasors, integer FREQ, 50 frames/s. */
const config2 =
  'aa31008600f14893344a0019999a00ffffff0001426c756520504d55202020202020202000f10006000400000000' +
  '56314c504d202020202020202020202056414c504d202020202020202020202056424c504d2020202020202020202020' +
  '56434c504d202020202020202020202000000001000000010000000100000001000100590032c1e2'
/** A data frame of it, 54 bytes. */
const data =
  'aa01003600f14893344a001eb852080042f68f24c7c36623430188cbc7c36332c7a956764742fe4b47a91cdd4743d1440000000047ef'

/** The same configuration under another IDCODE. */
export function configurationFrame(idcode: number): Uint8Array {
  const frame = Buffer.from(config2, 'hex')
  frame.writeUInt16BE(idcode, 4)
  frame.writeUInt16BE(idcode, 36)
  return sealed(frame)
}

export const dataFrameBytes = data.length / 2

/**
 * A data frame of that configuration. `sequence` stands in the first phasor, so
 * that the frame can be known again at the other end.
 */
export function dataFrame(idcode: number, sequence: number, atMs: number): Uint8Array {
  const frame = Buffer.from(data, 'hex')
  frame.writeUInt16BE(idcode, 4)
  frame.writeUInt32BE(Math.floor(atMs / 1000), 6)
  frame.writeUInt32BE(Math.floor((atMs % 1000) * 16_777.215), 10)
  frame.writeUInt32BE(sequence, 16)
  return sealed(frame)
}

export const idcodeIn = (frame: Uint8Array): number => (frame[4]! << 8) | frame[5]!
export const sequenceIn = (frame: Uint8Array): number =>
  ((frame[16]! << 24) | (frame[17]! << 16) | (frame[18]! << 8) | frame[19]!) >>> 0

function sealed(frame: Buffer): Uint8Array {
  frame.writeUInt16BE(checksum(frame.subarray(0, -2)), frame.length - 2)
  return frame
}
