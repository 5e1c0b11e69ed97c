/**
 * What a journal holds in memory, all streams together: frames on their way to
 * the log, and frames that are not in their segments yet. At the bound a frame
 * is not journaled: it is counted, and its time recorded as lost.
 */
export class MemoryBound {
  readonly limit: number
  used = 0

  constructor(limit: number) {
    this.limit = limit
  }

  hasRoomFor(bytes: number): boolean {
    return this.used + bytes <= this.limit
  }
}
