/** Words that the descriptions of routes have in common, and what every period is checked by. */
import { ApiError } from './api-error.ts'
import { timeUs } from './times.ts'

export const MAX_RANGE_US = 366 * 86_400_000_000

export const stream = { type: 'string', minLength: 1, maxLength: 400, description: 'topic of a stream' } as const
export const time = { type: 'string', maxLength: 40, description: 'ISO 8601, or µs since 1970' } as const
export const channel = {
  type: 'array',
  items: { type: 'string', maxLength: 400 },
  minItems: 1,
  maxItems: 64,
  description: 'ids of channels; repeat it for several',
} as const
export const number = { type: 'number' } as const
export const integer = { type: 'integer' } as const
export const string = { type: 'string' } as const
export const maybeNumber = { type: ['number', 'null'] } as const
/** All of it is there, but what is `optional`. */
export const object = <P extends object>(properties: P, optional: readonly (keyof P)[] = []) => {
  const required = Object.keys(properties).filter((name) => !optional.includes(name as keyof P))
  return { type: 'object', properties, required } as const
}
export const array = <I extends object>(items: I) => ({ type: 'array', items }) as const

/** Whatever is not answered. */
export const failure = object({
  error: { type: 'string', description: 'a code that programs know' },
  message: { type: 'string', description: 'what is wrong, and what to do' },
})

export interface PeriodQuery {
  readonly from: string
  readonly to: string
}

export interface ReadPeriod {
  readonly fromUs: number
  readonly toUs: number
}

/** Throws ApiError where it is none, or longer than `mostUs`. */
export function periodOf({ from, to }: PeriodQuery, mostUs = MAX_RANGE_US, most = 'a year is the most'): ReadPeriod {
  const [fromUs, toUs] = [timeUs(from, 'from'), timeUs(to, 'to')]
  if (fromUs >= toUs) throw bad('from is not before to')
  if (toUs - fromUs > mostUs) throw bad(most)
  return { fromUs, toUs }
}

export const bad = (problem: string): ApiError => new ApiError({ code: 'API_BAD_REQUEST', problem }, problem)
