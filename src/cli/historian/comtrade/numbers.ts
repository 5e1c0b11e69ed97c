/** Numbers as COMTRADE has them. */

/** Of a number in an ASCII data file. */
const WIDEST = 13

/** At most 13 characters (C37.111-2013, 8.4): as exact as that lets it be; what is a float32 as short as says which. */
export function asciiNumber(value: number): string {
  if (Math.fround(value) === value) {
    for (let digits = 6; digits <= 9; digits++) {
      const rounded = Number(value.toPrecision(digits))
      if (Math.fround(rounded) === value) return fitting(rounded) ?? asciiRounded(value)
    }
  }
  return fitting(value) ?? asciiRounded(value)
}

function asciiRounded(value: number): string {
  for (let digits = WIDEST - 1; digits > 5; digits--) {
    const text = fitting(Number(value.toPrecision(digits)))
    if (text !== undefined) return text
  }
  return value.toExponential(5)
}

function fitting(value: number): string | undefined {
  const plain = String(value)
  if (plain.length <= WIDEST) return plain
  const short = value.toExponential()
  return short.length <= WIDEST ? short : undefined
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
