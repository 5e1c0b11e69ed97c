import { z } from 'zod'
import { ServerConfig } from '../../config/server.ts'
import { ReplayError } from './replay-error.ts'

/** How a recording is played. */
export const ReplayConfig = z.strictObject({
  host: z.string().min(1).default('127.0.0.1').describe('local address the PMUs are at'),
  port: z.int().min(0).max(65_535).default(4712).describe('TCP port of the first PMU, the others count up; 0: any'),
  speed: z.number().positive().max(10_000).default(1).describe('so many times the original pace'),
  loop: z.boolean().default(false).describe('begin again at the end'),
  timestamps: z
    .enum(['original', 'now'])
    .default('original')
    .describe('as recorded, byte for byte; or SOC and FRACSEC as if it were measured now, CHK recomputed'),
  wait: z.boolean().default(false).describe('begin when a PDC has turned on the data of every PMU'),
  latencyMs: z
    .number()
    .min(0)
    .max(10_000)
    .default(20)
    .describe('with new timestamps: how long after its timestamp a frame is sent'),
  serve: ServerConfig.omit({ listen: true }).prefault({}).describe('what PDCs may do'),
})
export type ReplayConfig = z.output<typeof ReplayConfig>
export type ReplayInput = z.input<typeof ReplayConfig>

/** Checks what a caller wants; all problems at once. */
export function parseReplayConfig(input: ReplayInput): ReplayConfig {
  const parsed = ReplayConfig.safeParse(input)
  if (parsed.success) return parsed.data
  const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'settings'}: ${message}`)
  throw new ReplayError({ code: 'REPLAY_BAD_SETTINGS', problems }, problems.join('; '))
}
