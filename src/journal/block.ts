/**
 * The sparse index of a segment: for each stretch of it, where it is and which
 * times are in it. It only saves reading: a scan of the frames gives it anew.
 */
import { crc32 } from 'node:zlib'

/*
  index => entry…
    entry => OFFSET BYTES FRAMES CFGOFFSET CFGBYTES MINUS MAXUS LASTUS CRC
      OFFSET BYTES FRAMES CFGOFFSET CFGBYTES CRC => UINT32, big-endian
      MINUS MAXUS LASTUS => FLOAT64
*/
const ENTRY_SIZE = 48

/** A block is closed at this size: what is read to find one frame. */
export const BLOCK_BYTES = 64 * 1024

export interface Block {
  readonly offset: number
  readonly bytes: number
  /** Data frames. */
  readonly frames: number
  /** The configuration frames that describe them. A block has one configuration. */
  readonly configurationAt: number
  readonly configurationBytes: number
  /** Of its data frames, inclusive; NaN without any. */
  readonly minUs: number
  readonly maxUs: number
  /** Last time of the stream's run when it was closed; NaN before the first run. */
  readonly lastUs: number
}

export function encodeBlocks(blocks: readonly Block[]): Uint8Array {
  const bytes = new Uint8Array(blocks.length * ENTRY_SIZE)
  const view = new DataView(bytes.buffer)
  for (const [i, block] of blocks.entries()) {
    const at = i * ENTRY_SIZE
    view.setUint32(at, block.offset)
    view.setUint32(at + 4, block.bytes)
    view.setUint32(at + 8, block.frames)
    view.setUint32(at + 12, block.configurationAt)
    view.setUint32(at + 16, block.configurationBytes)
    view.setFloat64(at + 20, block.minUs)
    view.setFloat64(at + 28, block.maxUs)
    view.setFloat64(at + 36, block.lastUs)
    view.setUint32(at + 44, crc32(bytes.subarray(at, at + 44)))
  }
  return bytes
}

/** The blocks from the first byte on without a gap, as far as the index can be believed. */
export function decodeBlocks(bytes: Uint8Array): Block[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const blocks: Block[] = []
  let end = 0
  for (let at = 0; at + ENTRY_SIZE <= bytes.length; at += ENTRY_SIZE) {
    if (crc32(bytes.subarray(at, at + 44)) !== view.getUint32(at + 44)) break
    const block: Block = {
      offset: view.getUint32(at),
      bytes: view.getUint32(at + 4),
      frames: view.getUint32(at + 8),
      configurationAt: view.getUint32(at + 12),
      configurationBytes: view.getUint32(at + 16),
      minUs: view.getFloat64(at + 20),
      maxUs: view.getFloat64(at + 28),
      lastUs: view.getFloat64(at + 36),
    }
    if (block.offset !== end || block.bytes === 0) break
    blocks.push(block)
    end += block.bytes
  }
  return blocks
}
