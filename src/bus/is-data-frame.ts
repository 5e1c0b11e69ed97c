import { FrameType, frameTypeOf } from '../c37118/index.ts'

const SYNC = 0xaa

/** By its first two bytes: a message that begins with a data frame. */
export const isDataFrame = (payload: Uint8Array): boolean =>
  payload.length > 2 && payload[0] === SYNC && frameTypeOf(payload) === FrameType.data
