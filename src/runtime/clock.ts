/** Monotonic milliseconds: for ages and timers. Shared by all processes of one machine. */
export const monotonicMs = (): number => performance.now()

/** UTC as the host has it, in milliseconds since the UNIX epoch. It may step; never measure an age with it. */
export const utcMs = (): number => Date.now()
