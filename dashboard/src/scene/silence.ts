/**
 * Without a frame for so long a stream is not online: a second, and four reporting periods.
 * DATA_RATE 0, as none that is known, tells no period: then it is one a second.
 */
export const silentAfterMs = (rate: number | undefined): number => 1000 + 4000 / (rate || 1)
