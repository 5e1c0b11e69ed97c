import { InvalidArgumentError } from 'commander'
import { decodeFormat, type Format } from '../../c37118/index.ts'

/** FORMATs that the PMUs take in turn. */
export type FormatChoice = readonly Format[]

const parts = ['phasors', 'analogs', 'freq'] as const

/**
 * `polar,int16`; a word for one part only, `float32,freq=int16`; or `mixed`,
 * which is all sixteen FORMATs.
 */
export function parseFormat(text: string): FormatChoice {
  if (text === 'mixed') return Array.from({ length: 16 }, (_, word) => decodeFormat(word))
  return [text.split(',').reduce(applyWord, { polar: false, phasors: 'float32', analogs: 'float32', freq: 'float32' })]
}

function applyWord(format: Format, word: string): Format {
  switch (word) {
    case 'polar':
    case 'rectangular':
      return { ...format, polar: word === 'polar' }
    case 'int16':
    case 'float32':
      return { ...format, phasors: word, analogs: word, freq: word }
  }
  const [name, numbers] = word.split('=')
  const part = parts.find((known) => known === name)
  if (part === undefined || (numbers !== 'int16' && numbers !== 'float32')) {
    throw new InvalidArgumentError(`\`${word}\` is none of polar, rectangular, int16, float32, freq=int16, mixed.`)
  }
  return { ...format, [part]: numbers }
}

/** As it is written on the command line. */
export function describeFormat({ polar, phasors, analogs, freq }: Format): string {
  const shape = polar ? 'polar' : 'rectangular'
  const others = [analogs !== phasors && `analogs=${analogs}`, freq !== phasors && `freq=${freq}`].filter(Boolean)
  return [shape, phasors, ...others].join(',')
}
