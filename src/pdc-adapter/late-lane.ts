import type { StreamOutput } from '../link/index.ts'
import type { LateTaken } from '../recovery/index.ts'

/** What one stream has towards its PDCs. */
export interface Outlet {
  /** Undefined while nobody can be served. */
  readonly output: StreamOutput | undefined
  /** By DATA_RATE, frames per second. */
  readonly rate: number
  /** There may be room for late frames that there was not. */
  room(): void
  /** What was kept has gone out; its time in µs. */
  delivered(timeUs: number, as: 'live' | 'late'): void
  /** What was kept will not go out. */
  release(timeUs: number, as: 'live' | 'late'): void
  /** Whether a frame of between these times may still come. */
  pendingBetween(afterUs: number, beforeUs: number): boolean
}

/** How the late frames of one stream go to its PDCs, beside the live ones. Times are monotonic milliseconds. */
export interface LateLane {
  live(frame: Uint8Array, timeUs: number, nowMs: number): boolean | 'kept'
  /** A frame of the configuration that the PDCs have. */
  late(frame: Uint8Array, timeUs: number, nowMs: number): LateTaken
  /** Late frames that would be taken now. */
  lateRoom(): number
  /** Frames after this are of another configuration: what is kept has to go first. */
  configuration(): void
  /** Called every {@link LANE_TICK_MS}. */
  tick(nowMs: number): void
}

export const LANE_TICK_MS = 20

/** No late frame is given to a connection that has so much unsent: a live one would wait for it. */
export const MAX_UNSENT_BYTES = 65_536
