/** The system's word for what failed, `ENOENT` and the like; `UNKNOWN` of any other error. */
export const errnoOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'UNKNOWN'

export const isMissing = (error: unknown): boolean => errnoOf(error) === 'ENOENT'

/** What a disk may say today and not tomorrow. Anything else is no matter of waiting. */
const passing = new Set(['ENOSPC', 'EROFS', 'EIO', 'EDQUOT', 'EMFILE', 'ENFILE', 'ENOMEM', 'ESTALE', 'EAGAIN', 'EBUSY'])

export const isPassing = (error: unknown): boolean => passing.has(errnoOf(error))
