const MICROSECONDS = 6

/**
 * Turns the two halves of a pcapng timestamp into microseconds since the UNIX
 * epoch. `resolution` is if_tsresol: ticks of 10^-n s, or of 2^-n s when bit 7
 * is set. The usual 10^-6 stays clear of BigInt.
 */
export function timeUnit(resolution: number, offsetSeconds: number): (high: number, low: number) => number {
  const offsetUs = offsetSeconds * 1e6
  if (resolution === MICROSECONDS) return (high, low) => high * 2 ** 32 + low + offsetUs

  const ticksPerSecond = resolution & 0x80 ? 2n ** BigInt(resolution & 0x7f) : 10n ** BigInt(resolution)
  return (high, low) => {
    const ticks = (BigInt(high) << 32n) | BigInt(low)
    const scaled = ticks * 1_000_000n
    const whole = scaled / ticksPerSecond
    // The rest is kept as far as a double can: it tells nanoseconds apart to a quarter microsecond.
    return Number(whole) + Number(((scaled - whole * ticksPerSecond) * 1024n) / ticksPerSecond) / 1024 + offsetUs
  }
}
