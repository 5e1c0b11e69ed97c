/** Settings of a consumer that wants everything: how gaps are found and filled. */
import { z } from 'zod'
import { milliseconds } from './words.ts'

const settings = z.strictObject({
  mode: z
    .enum(['replay', 'session', 'none'])
    .default('replay')
    .describe(
      'replay: gaps are pulled from the producers’ journals; session: the broker keeps a session, for publishers without a journal; none: gaps stay',
    ),
  closeAfterMs: milliseconds
    .default(1000)
    .describe('time by the clock of this node after which a timestamp that did not come is a gap'),
  staleAfterMs: milliseconds
    .default(60_000)
    .describe('a live frame older than this by the clock of this node stands outside the accounts'),
  futureAfterMs: milliseconds.default(5000).describe('the same for one from the future'),
  pullBytes: z
    .int()
    .min(4096)
    .max(1024 * 1024)
    .default(65_536)
    .describe('most bytes asked for at once: what a live frame may have to wait behind'),
  maxAgeDays: z
    .number()
    .positive()
    .max(36_500)
    .default(7)
    .describe('a gap that no journal answered for this long is given up as lost'),
})

/** `replay`, or an object with more. */
export const recovery = z
  .union([settings.shape.mode.unwrap().transform((mode) => settings.parse({ mode })), settings])
  .describe('how gaps are filled: replay, session, or none')
export const RecoverySettings = settings
export type RecoverySettings = z.output<typeof settings>

const latePolicy = z.strictObject({
  policy: z
    .enum(['live-first', 'in-order', 'live-only'])
    .default('live-first')
    .describe(
      'live-first: late frames go in between live ones; in-order: live frames wait for late ones; live-only: late frames are not sent',
    ),
  rateMultiple: z
    .number()
    .min(1)
    .max(1000)
    .default(25)
    .describe('late frames per live frame: they go out at this multiple of DATA_RATE'),
  maxWaitMs: milliseconds.default(10_000).describe('with in-order: longest time that a live frame waits for a gap'),
})

/** `live-first`, or an object with more. */
export const late = z
  .union([latePolicy.shape.policy.unwrap().transform((policy) => latePolicy.parse({ policy })), latePolicy])
  .describe('what a PDC gets of frames after their moment: live-first, in-order, or live-only')
export const LateSettings = latePolicy
export type LateSettings = z.output<typeof latePolicy>
