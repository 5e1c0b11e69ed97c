/** Milliseconds of CLOCK_MONOTONIC: the same clock in every process and every network namespace of this machine. */
export function monotonicMs(): number {
  const [s, ns] = process.hrtime()
  return s * 1000 + ns / 1e6
}
