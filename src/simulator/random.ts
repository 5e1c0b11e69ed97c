/**
 * sfc32, Chris Doty-Humphrey's "small fast chaotic" generator (PractRand): 128
 * bits of state, a period near 2^127, integer operations only, so a seed gives
 * the same run on every machine. Not for secrets.
 */
export class Random {
  #a: number
  #b: number
  #c: number
  #counter = 1

  /** Streams of one seed are independent of each other: one per PMU, one for the grid. */
  constructor(seed: number, stream = 0) {
    this.#a = seed | 0
    this.#b = stream | 0
    this.#c = Math.floor(seed / 2 ** 32) | 0
    for (let i = 0; i < 12; i++) this.next()
  }

  /** 32 uniform bits, as a signed integer. */
  next(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0
    return sum
  }

  /** In [0, 1). */
  uniform(): number {
    return (this.next() >>> 0) / 2 ** 32
  }

  /** Zero mean, unit variance, from {@link gaussianTable}. */
  gaussian(): number {
    return gaussianTable[this.next() & GAUSSIAN_MASK]!
  }
}

const GAUSSIAN_BITS = 13

/** One `next()` has bits for two draws: the low ones, and those above `GAUSSIAN_SHIFT`. */
export const GAUSSIAN_MASK = (1 << GAUSSIAN_BITS) - 1
export const GAUSSIAN_SHIFT = 32 - GAUSSIAN_BITS

/**
 * A sample of the normal distribution, made once by Marsaglia's polar method
 * and brought to exactly zero mean and unit variance. A draw is then a lookup:
 * a thousand PMUs need more than a million of them a second.
 */
export const gaussianTable: Float64Array = makeGaussianTable(1 << GAUSSIAN_BITS)

function makeGaussianTable(size: number): Float64Array {
  const random = new Random(0x5eed)
  const table = new Float64Array(size)
  // Pairs of opposite sign: the mean is zero.
  for (let i = 0; i < size; i += 4) {
    const [first, second] = polarPair(random)
    table.set([first, -first, second, -second], i)
  }
  const deviation = Math.sqrt(table.reduce((sum, value) => sum + value * value, 0) / size)
  return table.map((value) => value / deviation)
}

function polarPair(random: Random): [number, number] {
  for (;;) {
    const x = 2 * random.uniform() - 1
    const y = 2 * random.uniform() - 1
    const square = x * x + y * y
    if (square === 0 || square >= 1) continue
    const scale = Math.sqrt((-2 * Math.log(square)) / square)
    return [x * scale, y * scale]
  }
}
