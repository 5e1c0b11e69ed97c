import { FrameType, frameTypeOf, sizeOf } from '../c37118/index.ts'

const SYNC = 0xaa
const MIN_FRAME_SIZE = 16

/**
 * Calls `onFrame` for every frame of a payload, cut by FRAMESIZE, and says
 * whether the payload was nothing but frames. CHK is not judged: of a CFG-3
 * only the last fragment may have one. Views, no copies.
 */
export function splitPayload(payload: Uint8Array, onFrame: (frame: Uint8Array) => void): boolean {
  let start = 0
  while (start < payload.length) {
    if (payload.length - start < MIN_FRAME_SIZE || payload[start] !== SYNC) return false
    const size = (payload[start + 2]! << 8) | payload[start + 3]!
    if (size < MIN_FRAME_SIZE || size > payload.length - start) return false
    onFrame(start === 0 && size === payload.length ? payload : payload.subarray(start, start + size))
    start += size
  }
  return payload.length > 0
}

/** Whether a payload is one frame and no more, the usual case. */
export const isOneFrame = (payload: Uint8Array): boolean =>
  payload.length >= MIN_FRAME_SIZE && payload[0] === SYNC && sizeOf(payload) === payload.length

export function isConfiguration(frame: Uint8Array): boolean {
  const type = frameTypeOf(frame)
  return type === FrameType.config1 || type === FrameType.config2 || type === FrameType.config3
}

/** Frames back to back, as one payload of its own. */
export function joinFrames(frames: readonly Uint8Array[]): Uint8Array {
  const payload = new Uint8Array(frames.reduce((sum, frame) => sum + frame.length, 0))
  let at = 0
  for (const frame of frames) {
    payload.set(frame, at)
    at += frame.length
  }
  return payload
}
