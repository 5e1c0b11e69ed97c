import { z } from 'zod'
import { Transport } from './transport.ts'

const milliseconds = z.int().min(1).max(3_600_000)

/** One PMU or PDC that we read from. */
export const SourceConfig = z.strictObject({
  transport: Transport.describe('how the PMU is reached'),
  idcode: z.int().min(1).max(65_534).describe('IDCODE of the stream; frames of others are ignored'),
  version: z
    .union([z.literal(1), z.literal(2)])
    .default(1)
    .describe('SYNC version of the commands we send: 1 (2005) or 2 (2011)'),
  ask: z
    .array(z.enum(['header', 'config-1', 'config-3']))
    .default(['header'])
    .describe('what is asked besides CFG-2, once data flows; a PMU need not answer'),
  savedConfiguration: z
    .string()
    .min(1)
    .optional()
    .describe('file with a CFG-2 frame, or with all fragments of a CFG-3: in force until one comes over the wire'),
  connectMs: milliseconds.default(5_000).describe('a TCP connection that is not open by then is given up'),
  settleMs: z.int().min(0).max(10_000).default(50).describe('pause after a command that has no answer'),
  answerMs: milliseconds.default(2_000).describe('an answer to CFG-2 is awaited so long'),
  attempts: z.int().min(1).max(20).default(3).describe('so often CFG-2 is asked before it is given up'),
  optionalAnswerMs: milliseconds.default(1_000).describe('an answer to what is asked besides is awaited so long'),
  rereadMs: milliseconds
    .default(10_000)
    .describe('while STAT bit 10 (configuration change) stands, CFG-2 is asked again so often'),
  silence: z
    .strictObject({
      periods: z.int().min(2).max(1_000).default(4).describe('reporting periods (DATA_RATE) without a frame'),
      floorMs: milliseconds.default(2_000).describe('but never sooner than this'),
    })
    .prefault({})
    .describe('when a stream counts as silent: the session ends and is begun anew'),
  stuckMs: milliseconds
    .default(500)
    .describe('a frame that began but did not end is given up so long after the last good one'),
  hold: z
    .strictObject({
      frames: z.int().min(0).default(8_192).describe('at most so many frames'),
      bytes: z.int().min(0).default(4_194_304).describe('at most so many bytes'),
    })
    .prefault({})
    .describe('data frames kept until their configuration is known; beyond it the oldest are dropped'),
  retry: z
    .strictObject({
      firstDelayMs: milliseconds.default(250).describe('pause before the second attempt; doubles each time'),
      maxDelayMs: milliseconds.default(30_000).describe('longest pause'),
    })
    .prefault({})
    .describe('how a lost PMU is tried again'),
})
export type SourceConfig = z.output<typeof SourceConfig>
/** What a user may write: everything but the transport and the IDCODE has a default. */
export type SourceConfigInput = z.input<typeof SourceConfig>
