/** Marks of absent data, and the integers of the wire. */

/** Stands for "absent" where the wire has a 16-bit integer: -32768. */
export const ABSENT_WORD = 0x8000
/** The NaN that is written for "absent" where the wire has a float. */
export const ABSENT_FLOAT = 0x7fc00000

export const toInt16 = (word: number): number => (word << 16) >> 16

/** Nearest 16-bit integer, as its bits. What is too large becomes the largest; -32768 is left to mark what is absent. */
export const fromInt16 = (value: number, minimum = -0x7fff): number =>
  Math.min(Math.max(Math.round(value), minimum), 0x7fff) & 0xffff

export const fromUint16 = (value: number): number => Math.min(Math.max(Math.round(value), 0), 0xffff)
