import { styleText } from 'node:util'

/** Colour and weight for one output; plain text where nobody would see them. */
export interface Style {
  bold(text: string): string
  dim(text: string): string
  good(text: string): string
  warn(text: string): string
  bad(text: string): string
}

type Format = Parameters<typeof styleText>[0]

/** NO_COLOR (no-color.org) switches it off, a pipe or a file does too; FORCE_COLOR switches it on. */
export function createStyle(stream: { readonly isTTY?: boolean }, env: NodeJS.ProcessEnv = process.env): Style {
  const wanted = env.FORCE_COLOR !== undefined && env.FORCE_COLOR !== '0'
  const enabled = !env.NO_COLOR && env.TERM !== 'dumb' && (wanted || stream.isTTY === true)
  const as = (format: Format) => (text: string) => (enabled ? styleText(format, text, { validateStream: false }) : text)
  return { bold: as('bold'), dim: as('dim'), good: as('green'), warn: as('yellow'), bad: as('red') }
}
