/** Frames of an answer, as the messages they travel in. */
import { checksum, FrameType, frameTypeOf } from '../c37118/index.ts'
import { replayInvalid } from './replay-json.ts'
import { REPLY_PART_BYTES } from './replay-limits.ts'
import { joinFrames, splitPayload } from './split-payload.ts'

/** Whole frames back to back, in order; a frame larger than a part goes alone. Copies. */
export function* cutParts(frames: Iterable<Uint8Array>): Generator<Uint8Array, void, void> {
  let part: Uint8Array[] = []
  let bytes = 0
  for (const frame of frames) {
    if (bytes > 0 && bytes + frame.length > REPLY_PART_BYTES) {
      yield joinFrames(part)
      part = []
      bytes = 0
    }
    part.push(frame)
    bytes += frame.length
  }
  if (bytes > 0) yield joinFrames(part)
}

/**
 * The frames of all parts, in order: views. Throws REPLAY_INVALID for what is
 * no frame, for a type that no answer has, and for a wrong CHK.
 */
export function framesOfParts(parts: Iterable<Uint8Array>): Uint8Array[] {
  const frames: Uint8Array[] = []
  for (const part of parts) {
    if (!splitPayload(part, (frame) => frames.push(frame))) throw replayInvalid('a part is not whole frames')
  }
  for (const frame of frames) checkFrame(frame)
  return frames
}

function checkFrame(frame: Uint8Array): void {
  const type = frameTypeOf(frame)
  // Of a CFG-3 in fragments only the whole can be judged: by who decodes it.
  if (type === FrameType.config3) return
  if (type !== FrameType.data && type !== FrameType.config2) throw replayInvalid(`frame type ${type} in an answer`)
  // A frame followed by its own CRC gives 0.
  if (checksum(frame, 0, frame.length) !== 0) throw replayInvalid('CHK of a frame in an answer is wrong')
}
