/** The system's word for what failed, `ENOENT` and the like; `UNKNOWN` of any other error. */
export const errnoOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'UNKNOWN'

export const isMissing = (error: unknown): boolean => errnoOf(error) === 'ENOENT'
