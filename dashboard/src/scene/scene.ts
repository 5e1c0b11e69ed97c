/** What pages show: streams, live or played back. */
import type { MeasurementBuffer } from './measurement-buffer.ts'

export interface SceneStream {
  /** Topic. */
  readonly topic: string
  /** Until its configuration is known: undefined. Another object after each change of the configuration. */
  readonly buffer: MeasurementBuffer | undefined
  /** Its configuration is known, and there is no room for its values beside those of others. */
  readonly hasNoRoom: boolean
  /** There are too many, and it is not among those that are shown until it is followed. */
  readonly isLeftOut?: boolean
  /** Frames come at DATA_RATE, and its node says that it is online. */
  readonly isOnline: boolean
  /** It may well be online: nothing was told of it since the connection was lost, or frames that are played are still to come. */
  readonly isUntold?: boolean
  /** It has sent frames, if not now. */
  readonly wasHeard: boolean
  /** Seconds since its newest frame; undefined before the first. */
  readonly silentS: number | undefined
}

export interface Scene {
  readonly kind: 'live' | 'playback'
  /** By topic, sorted. */
  readonly streams: readonly SceneStream[]
  find(topic: string): SceneStream | undefined
  /** Whatever is there was told: of what was not heard there is nothing. */
  readonly isTold: boolean
  /** The moment that is shown, in seconds since 1970. */
  readonly nowS: number
  /** One that is not followed by itself, as PDCs' are not: as long as it is wanted. Returns what ends it. */
  follow(topic: string): () => void
}
