import { FrameSplitter } from '../c37118/index.ts'

/** Stretches of bytes that are no frame, by offset. */
export type OnDamagedBytes = (offset: number, count: number) => void

/**
 * Calls `onFrame` for each whole frame with a right CHK in bytes that were
 * frames back to back, and `onDamage` for what is between them. `offset`: where
 * the bytes begin. Views.
 */
export function scanFrames(
  bytes: Uint8Array,
  offset: number,
  onFrame: (frame: Uint8Array, offset: number) => void,
  onDamage: OnDamagedBytes,
): void {
  let at = offset
  const splitter = new FrameSplitter({
    onDiscard(count) {
      onDamage(at, count)
      at += count
    },
  })
  const take = (frame: Uint8Array): void => {
    onFrame(frame, at)
    at += frame.length
  }
  splitter.push(bytes, take)
  splitter.flush(take)
}

/** Bytes of the whole frames that the bytes begin with: up to the first that is none. */
export function wholeFramesIn(bytes: Uint8Array): number {
  let end = 0
  let damaged = false
  scanFrames(
    bytes,
    0,
    (frame) => {
      if (!damaged) end += frame.length
    },
    () => {
      damaged = true
    },
  )
  return end
}
