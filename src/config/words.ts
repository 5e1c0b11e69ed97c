import { z } from 'zod'

const level = /^[A-Za-z0-9_-]{1,64}$/
const levelRule = 'use 1 to 64 of A-Z a-z 0-9 _ -'
const notALevel = ({ input }: { input?: unknown }): string =>
  `\`${String(input)}\` cannot be a topic level; ${levelRule}`

export const isTopicLevel = (text: string): boolean => level.test(text)

/** A name that becomes one level of a topic. Dots and slashes break brokers, so they are refused here. */
export const topicLevel = z.string().regex(level, { error: notALevel })

/** The same for ids that are often plain numbers, which YAML does not give as text. */
export const topicId = z
  .union([z.string(), z.int().min(0)])
  .transform((id) => String(id))
  .refine(isTopicLevel, { error: notALevel })

export interface Location {
  readonly locationType: string
  readonly locationId: string
}

/** `secondary-station/1156`: the two middle levels of a site's topics. */
export const location = z.string().transform((text, context): Location => {
  const [locationType, locationId, ...rest] = text.split('/')
  if (locationType !== undefined && locationId !== undefined && rest.length === 0) {
    if (isTopicLevel(locationType) && isTopicLevel(locationId)) return { locationType, locationId }
  }
  context.issues.push({
    code: 'custom',
    input: text,
    message: `\`${text}\` is no location; write location-type/location-id, such as secondary-station/1156, and in both ${levelRule}`,
  })
  return z.NEVER
})

/** Longest wait that makes sense anywhere here; a larger number is a unit mistaken. */
export const milliseconds = z.int().min(1).max(3_600_000)

/** A list, or one entry where a list of one is meant. */
export const oneOrMore = <T extends z.ZodType>(entry: T) =>
  z.union([entry.transform((one): z.output<T>[] => [one]), z.array(entry).min(1)])
