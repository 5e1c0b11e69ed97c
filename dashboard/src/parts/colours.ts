/** Colours that can be told apart whatever the colour vision (Okabe and Ito, 2008), on light and on dark. */
const light = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#b38600', '#4aa3df', '#000000']
const dark = ['#56b4e9', '#ff8c42', '#2fc79a', '#e39cc4', '#f0e442', '#8ab8ff', '#ffffff']

/** Of the nth line; after seven, the dashes change. */
export function lineColour(n: number, theme: 'light' | 'dark'): string {
  const colours = theme === 'dark' ? dark : light
  return colours[n % colours.length]!
}

export const lineDash = (n: number): number[] | undefined =>
  [undefined, [6, 3], [2, 3], [8, 3, 2, 3]][Math.floor(n / 7) % 4]

/** Below is blue, above is orange, as it should be is neutral; -1 to 1. Lightness says how far, hue which way. */
export function diverging(value: number, theme: 'light' | 'dark'): string {
  if (Number.isNaN(value)) return 'var(--faint)'
  const far = Math.min(1, Math.abs(value))
  const neutral = theme === 'dark' ? [120, 130, 140] : [190, 196, 202]
  const end = value < 0 ? [0, 114, 178] : [213, 94, 0]
  const [r, g, b] = neutral.map((from, at) => Math.round(from + (end[at]! - from) * far))
  return `rgb(${r} ${g} ${b})`
}

/** Degrees at which an angle may have the strongest colour. */
const FAR_DEGREES = [1, 2, 5, 10, 20, 45, 90, 180]

/** The scale of angles so far apart; it stays what it was `before` as long as that tells them apart. */
export function angleScale(greatest: number, before = 0): number {
  if (greatest <= before && greatest >= 0.3 * before) return before
  return FAR_DEGREES.find((far) => greatest <= far) ?? 180
}
