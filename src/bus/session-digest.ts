const MAX_TOPICS = 20_000

/**
 * Knows a message again by its topic and every byte of it (a data frame has its
 * timestamp among them): 53 bits, a safe integer. Of a million messages held
 * against a million others, one in ten thousand runs would confuse two. Four
 * bytes at a time: the steady state has it for every message.
 */
export class Digester {
  readonly #topics = new Map<string, number>()

  of(topic: string, payload: Uint8Array): number {
    let high = this.#topics.get(topic) ?? this.#meet(topic)
    let low = high ^ payload.length
    const words = payload.length - (payload.length & 3)
    let at = 0
    for (; at < words; at += 4) {
      const word = payload[at]! | (payload[at + 1]! << 8) | (payload[at + 2]! << 16) | (payload[at + 3]! << 24)
      high = step(high, word)
      low = otherStep(low, word)
    }
    for (; at < payload.length; at++) {
      high = step(high, payload[at]!)
      low = otherStep(low, payload[at]!)
    }
    return (mixed(high) >>> 0) * 0x20_0000 + (mixed(low) >>> 11)
  }

  #meet(topic: string): number {
    let hash = 0x811c9dc5
    for (let index = 0; index < topic.length; index++) hash = step(hash, topic.charCodeAt(index))
    if (this.#topics.size >= MAX_TOPICS) this.#topics.clear()
    this.#topics.set(topic, hash)
    return hash
  }
}

// The steps of murmur3 and of xxHash32, so that the two halves have nothing in common.

function step(hash: number, word: number): number {
  const mixedWord = Math.imul(Math.imul(word, 0xcc9e2d51), 0x1b873593)
  const sum = hash ^ mixedWord ^ (mixedWord >>> 15)
  return (Math.imul((sum << 13) | (sum >>> 19), 5) + 0xe6546b64) | 0
}

function otherStep(hash: number, word: number): number {
  const sum = (hash + Math.imul(word, 0xc2b2ae3d)) | 0
  return Math.imul((sum << 17) | (sum >>> 15), 0x27d4eb2f)
}

/** Every bit of the input moves every bit of the result (murmur3's last step). */
function mixed(hash: number): number {
  const once = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  const twice = Math.imul(once ^ (once >>> 13), 0xc2b2ae35)
  return twice ^ (twice >>> 16)
}
