import { FrameSplitter, type SplitterOptions } from './frame-splitter.ts'

/** The frames of a byte stream, one by one. Backpressure is the consumer's `await`. */
export async function* splitFrames(
  source: AsyncIterable<Uint8Array>,
  options?: SplitterOptions,
): AsyncGenerator<Uint8Array, void, void> {
  const splitter = new FrameSplitter(options)
  let frames: Uint8Array[] = []
  const keep = (frame: Uint8Array): void => void frames.push(frame)
  for await (const chunk of source) {
    splitter.push(chunk, keep)
    yield* frames
    frames = []
  }
  splitter.flush(keep)
  yield* frames
}
