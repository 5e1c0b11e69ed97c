import { InvalidArgumentError } from 'commander'

/** Reads the number of an option; commander's own sentence says which option, and what was given. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
    if (value >= least && value <= most) return value
    const bounds = most === Number.MAX_SAFE_INTEGER ? `${least} or more` : `${least} to ${most}`
    throw new InvalidArgumentError(`It is a whole number, ${bounds}.`)
  }
}

/** The same with a fraction. */
export function anyNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = text.trim() === '' ? Number.NaN : Number(text)
    if (value >= least && value <= most) return value
    throw new InvalidArgumentError(`It is a number, ${least} to ${most}.`)
  }
}
