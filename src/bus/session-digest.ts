/**
 * Knows a message again by its topic and every byte of it (a data frame has its
 * timestamp among them): 53 bits, a safe integer. Of a million messages held
 * against a million others, one in ten thousand runs would confuse two.
 */
export function digestOf(topic: string, payload: Uint8Array): number {
  let high = 0x811c9dc5
  let low = 0x9747b28c
  for (let index = 0; index < topic.length; index++) {
    const code = topic.charCodeAt(index)
    high = Math.imul(high ^ code, 0x01000193)
    low = Math.imul(((low << 5) | (low >>> 27)) ^ code, 0x27220a95)
  }
  for (let index = 0; index < payload.length; index++) {
    const byte = payload[index]!
    high = Math.imul(high ^ byte, 0x01000193)
    low = Math.imul(((low << 5) | (low >>> 27)) ^ byte, 0x27220a95)
  }
  return (mixed(high) >>> 0) * 0x20_0000 + (mixed(low) >>> 11)
}

/** Every bit of the input moves every bit of the result (murmur3's last step). */
function mixed(hash: number): number {
  const once = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  const twice = Math.imul(once ^ (once >>> 13), 0xc2b2ae35)
  return twice ^ (twice >>> 16)
}
