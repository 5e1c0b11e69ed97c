/** Frames of a stream, as bytes that come in pieces. */
import { ApiFailure, request } from './client.ts'

/** The longest period of one request. */
export const MAX_FRAMES_US = 26 * 3600e6

export const framesQuery = (stream: string, fromUs: number, toUs: number) => ({
  stream,
  from: `${Math.max(0, Math.floor(fromUs))}`,
  to: `${Math.ceil(toUs)}`,
})

/** undefined where nothing is stored of the stream. Throws {@link ApiFailure}. */
export async function framesOf(
  stream: string,
  fromUs: number,
  toUs: number,
  signal: AbortSignal,
): Promise<AsyncIterable<Uint8Array> | undefined> {
  try {
    const { body } = await request('frames', framesQuery(stream, fromUs, toUs), signal)
    return body ? pieces(body) : undefined
  } catch (error) {
    if (error instanceof ApiFailure && error.status === 404) return undefined
    throw error
  }
}

/** Not every browser iterates over a stream. */
async function* pieces(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = body.getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      yield value
    }
  } finally {
    await reader.cancel()
  }
}
