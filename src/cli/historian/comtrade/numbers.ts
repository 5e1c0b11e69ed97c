/** Numbers as COMTRADE has them. */

/** Of a number in an ASCII data file. */
const WIDEST = 13

/** At most 13 characters (C37.111-2013, 8.4): as exact as that lets it be. */
export function asciiNumber(value: number): string {
  for (let digits = 17; digits > 5; digits--) {
    const rounded = digits === 17 ? value : Number(value.toPrecision(digits))
    for (const text of [String(rounded), rounded.toExponential()]) if (text.length <= WIDEST) return text
  }
  return value.toExponential(5)
}

/** What an ASCII data file has for an absent value; one that is really that is written otherwise. */
export const ASCII_MISSING = '99999'

export const asciiValue = (value: number): string => {
  if (!Number.isFinite(value)) return ASCII_MISSING
  const text = asciiNumber(value)
  return text === ASCII_MISSING ? `${text}.0` : text
}

/** What BINARY32 has for an absent value. */
export const BINARY32_MISSING = -0x80000000
const LARGEST = 0x7fffffff

/**
 * What one count of BINARY32 is worth, so that the largest value fits: a power
 * of ten, so that values with few decimals stay as they are.
 */
export function countOf(largest: number): number {
  if (!(largest > 0)) return 1
  let power = Math.ceil(Math.log10(largest / LARGEST))
  while (largest / Number(`1e${power}`) > LARGEST) power++
  return Number(`1e${power}`)
}

export const binary32 = (value: number, count: number): number =>
  Number.isFinite(value) ? Math.round(value / count) : BINARY32_MISSING
