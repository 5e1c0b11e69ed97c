/** Settings of the producer side's record on disk. */
import { z } from 'zod'

/** How the journal of a node is kept; its folder is the node's own, below the state folder. */
export const JournalSettings = z.strictObject({
  writeDelayMs: z
    .int()
    .min(0)
    .max(10_000)
    .default(10)
    .describe('longest time a received frame is in memory alone; 0 hands it to the system before it is published'),
  syncDelayMs: z
    .int()
    .min(1)
    .max(60_000)
    .default(100)
    .describe('longest time until it is synced to disk: what a power cut may cost'),
  maxBytes: z
    .int()
    .min(1024 * 1024)
    .default(16 * 1024 ** 3)
    .describe('bytes kept on disk by this node; beyond it the oldest segments go'),
  maxAgeDays: z.number().positive().max(36_500).default(7).describe('age that a record may reach'),
  segmentBytes: z
    .int()
    .min(4096)
    .default(4 * 1024 * 1024)
    .describe('size at which the next segment file of a stream begins'),
  replayBytesPerS: z
    .int()
    .min(16_384)
    .default(16 * 1024 * 1024)
    .describe('fastest that this node answers replay requests, all consumers together'),
})
export type JournalSettings = z.output<typeof JournalSettings>

/** The settings and the folder they are for. */
export interface JournalConfig extends JournalSettings {
  /** Absolute; made where it is missing. One process at a time. */
  readonly folder: string
}

/** As a grid file says it: settings, or `false`. */
export const journal = z.union([
  z
    .literal(false, 'no settings of a journal; write `false` or a mapping, or leave the key out')
    .transform(() => undefined)
    .describe('nothing is recorded, nothing can be replayed'),
  JournalSettings,
])
