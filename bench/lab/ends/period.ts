/** Between two frames of a PMU of the lab. */
export const periodMs = 20
