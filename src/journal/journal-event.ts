/**
 * The event record of a segment: what else is known beside its frames, as JSON
 * lines. Every line ends with a CRC-32 of what is before it, so that a damaged
 * one is not believed. `atUs` is the clock of this node; every other time is
 * that of frames. µs since the UNIX epoch.
 */
import { crc32 } from 'node:zlib'

export const JOURNAL_VERSION = 1

/** Since when, by the clock of this node, frames do not come, and why. The first holds from the last frame on. */
export interface OfflineSince {
  readonly atUs: number
  readonly reason: string
}

/** What is known of a stream at one moment: enough to go on from. */
export interface StreamMoment {
  readonly online: boolean
  /** Run of frames in unbroken order that goes on, or was the last; `null` before the first frame ever. */
  readonly run: { readonly firstUs: number; readonly lastUs: number } | null
  /** While offline. */
  readonly offline: readonly OfflineSince[]
  /** Up to here frames may have been received that nobody wrote down, since the process was killed. */
  readonly crashWindowToUs: number | null
  /** First frame that the journal ever had; `null` before it. */
  readonly originUs: number | null
}

/** An interval between two frames, both exclusive of it, in which frames are missing. */
export interface Between {
  readonly fromUs: number
  readonly toUs: number
}

export type JournalEvent =
  /** The first line: what was the case when the segment began. */
  | {
      readonly event: 'segment'
      readonly journal: typeof JOURNAL_VERSION
      readonly stream: string
      readonly number: number
      readonly atUs: number
      readonly moment: StreamMoment
    }
  /** A copy of the configuration frames at an offset of the segment, in case those are damaged. */
  | { readonly event: 'configuration'; readonly offset: number; readonly frames: readonly string[] }
  | { readonly event: 'session-began'; readonly atUs: number; readonly firstUs: number }
  | {
      readonly event: 'session-ended'
      readonly atUs: number
      readonly reason: string
      readonly firstUs: number | null
      readonly lastUs: number | null
    }
  /** Offline still, for another reason. */
  | { readonly event: 'offline'; readonly atUs: number; readonly reason: string }
  /** The timestamps of the source went on elsewhere. */
  | {
      readonly event: 'time-stepped'
      readonly atUs: number
      readonly firstUs: number
      readonly lastUs: number
      readonly nextUs: number
    }
  /** Something came that was no frame to keep: `bad-checksum`, say. */
  | ({ readonly event: 'unusable'; readonly count: number; readonly reason: string } & Between)
  | ({ readonly event: 'write-failed'; readonly count: number; readonly reason: string } & Between)
  /** Bytes that are no frames any more, or entries of the log that were none. */
  | ({ readonly event: 'damaged'; readonly offset: number | null; readonly bytes: number } & Between)
  /** The process closed the journal. */
  | {
      readonly event: 'stopped'
      readonly atUs: number
      readonly firstUs: number | null
      readonly lastUs: number | null
    }
  /** It did not: found by the next one. `atUs`: when it was alive for the last time. */
  | {
      readonly event: 'unclean-stop'
      readonly atUs: number
      readonly firstUs: number | null
      readonly lastUs: number | null
      readonly crashWindowToUs: number | null
    }
  /** The last line: nothing comes to this segment any more, but what is found damaged. */
  | ({ readonly event: 'sealed'; readonly atUs: number; readonly moment: StreamMoment } & SegmentSums)

/** What a segment holds, as far as one must know without reading it. */
export interface SegmentSums {
  readonly bytes: number
  readonly frames: number
  /** Of all its data frames, whatever their timestamps; `null` without any. */
  readonly minUs: number | null
  readonly maxUs: number | null
  /** Of its runs: without the frames that stand alone. */
  readonly spanFromUs: number | null
  readonly spanToUs: number | null
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()

export function encodeEvent(event: JournalEvent): Uint8Array {
  const text = JSON.stringify(event).slice(0, -1)
  return encoder.encode(`${text},"crc":"${hex(crc32(text))}"}\n`)
}

/** The event of one line, without its end; `undefined` if it is damaged. */
export function decodeEvent(line: string): JournalEvent | undefined {
  const match = /^(.*),"crc":"([0-9a-f]{8})"\}$/s.exec(line)
  if (!match || hex(crc32(match[1]!)) !== match[2]) return undefined
  return JSON.parse(`${match[1]}}`) as JournalEvent
}

export interface RecordedEvents {
  readonly events: readonly JournalEvent[]
  /** Offsets of lines that cannot be believed. */
  readonly damaged: readonly number[]
  /** Bytes up to the end of the last line that is whole and right. */
  readonly validBytes: number
}

/** Reads an event record; a torn tail is damage too. */
export function decodeEvents(bytes: Uint8Array): RecordedEvents {
  const events: JournalEvent[] = []
  const damaged: number[] = []
  let validBytes = 0
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf(NEWLINE, at)
    const event = end === -1 ? undefined : decodeEvent(decoder.decode(bytes.subarray(at, end)))
    if (event) {
      events.push(event)
      validBytes = end + 1
    } else {
      damaged.push(at)
    }
    at = end === -1 ? bytes.length : end + 1
  }
  return { events, damaged, validBytes }
}

const NEWLINE = 0x0a

const hex = (crc: number): string => crc.toString(16).padStart(8, '0')
