import type { ChannelReceiver } from './channel.ts'

/** Who reads an input that several sources share, by the IDCODE each wants. */
export type ReadersByIdcode<R> = Map<number, Set<R>>

/** Adds a reader; the returned function takes it out again, and may be called twice. */
export function addReader<R extends { readonly receiver: ChannelReceiver }>(
  readers: ReadersByIdcode<R>,
  reader: R,
): () => void {
  const { idcode } = reader.receiver
  const set = readers.get(idcode) ?? new Set<R>()
  readers.set(idcode, set.add(reader))
  return () => {
    set.delete(reader)
    if (set.size === 0 && readers.get(idcode) === set) readers.delete(idcode)
  }
}
