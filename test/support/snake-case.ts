const snakeCase = /^[a-z0-9]+(_[a-z0-9]+)*$/

/** Keys, at any depth, that are not written as all JSON of the command line is: `latency_ms`. */
export function oddKeys(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) => [
    ...(Array.isArray(value) || snakeCase.test(key) ? [] : [key]),
    ...oddKeys(inner),
  ])
}
