import type { StreamSink } from '../bus/index.ts'

/**
 * What became of a late frame: `true`, it went where it should; `false`,
 * nobody is there to take it; `kept`, it will go, and whoever keeps it says so;
 * any other word is why it never will: that timestamp is lost, for this reason.
 */
export type LateTaken = boolean | 'kept' | 'other-configuration' | 'too-late'

/** What a consumer gives: every timestamp once. Calls are synchronous; frames may be kept and must not be changed. */
export interface ConsumerSink extends Omit<StreamSink, 'data'> {
  /**
   * A frame of now. `false`: nobody is there to take it, so that it stays
   * pending; `kept`: see {@link LateTaken}.
   */
  live(stream: string, frame: Uint8Array): boolean | 'kept'
  /** A frame of now that stands outside the accounts: stale, of the future, off the grid. Its time orders nothing. */
  outside(stream: string, frame: Uint8Array): void
  /** A frame of the past, and its configuration; the same array for the same configuration. */
  late(stream: string, frame: Uint8Array, fragments: readonly Uint8Array[]): LateTaken
  /** Late frames of this stream that would be taken now; 0 pauses its pulls. */
  lateRoom(stream: string): number
  /**
   * A PDC completed a frame of a timestamp that is held: this one has more of its
   * PMUs, if nothing came in between. May come more than once. `false`: nobody is
   * there to take it, and it comes again later. Without it nobody asks journals
   * for them.
   */
  revised?(stream: string, frame: Uint8Array, fragments: readonly Uint8Array[]): boolean
  /** Another frame of a timestamp that is held, with other bytes; of the configuration in force, unless it is given. */
  conflict?(stream: string, frame: Uint8Array, fragments?: readonly Uint8Array[]): void
}
