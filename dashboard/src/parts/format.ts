/** Numbers and times as they are told. */
import { durationOf } from '../history/period.ts'
import type { SceneStream } from '../scene/scene.ts'

const MINUS = '−'
export const signed = (text: string): string => text.replace(/^-/, MINUS)

/** With its unit: `−12.50°`, `7.309 kV`. */
export const withUnit = (value: number, digits: number, unit: string): string =>
  `${signed(value.toFixed(digits))}${unit === '' || unit === '°' ? '' : ' '}${unit}`

/** With its unit, in five figures: `7.3091 kV`; `–` where it is absent. */
export function quantity(value: number, unit: string): string {
  if (!Number.isFinite(value)) return '–'
  if (unit === 'V' || unit === 'A') {
    const size = Math.abs(value)
    const [factor, prefix] = size >= 1e6 ? [1e-6, 'M'] : size >= 1e3 ? [1e-3, 'k'] : [1, '']
    return withUnit(value * factor, 3, `${prefix}${unit}`)
  }
  if (unit === 'rad') return withUnit(degrees(value), 2, '°')
  if (unit === 'Hz') return withUnit(value, 4, unit)
  if (unit === 'Hz/s') return withUnit(value, 3, unit)
  return signed(Number(value.toPrecision(6)).toString())
}

export const degrees = (radians: number): number => (radians * 180) / Math.PI

/** Within ±180°, in radians. */
export const wrapped = (radians: number): number => Math.atan2(Math.sin(radians), Math.cos(radians))

/** `2026-11-29 12:00:01.020`; digits: of the fraction. */
export function time(seconds: number, isUtc: boolean, digits = 3): string {
  return `${day(seconds, isUtc)} ${clock(seconds, isUtc, digits)}`
}

export function day(seconds: number, isUtc: boolean): string {
  const date = new Date(seconds * 1000)
  if (isUtc) return date.toISOString().slice(0, 10)
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
}

export function clock(seconds: number, isUtc: boolean, digits = 0): string {
  const micros = Math.round(seconds * 1e6)
  const date = new Date(Math.floor(micros / 1000))
  const [h, m, s] = isUtc
    ? [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()]
    : [date.getHours(), date.getMinutes(), date.getSeconds()]
  const fraction =
    digits > 0
      ? `.${String(micros % 1_000_000)
          .padStart(6, '0')
          .slice(0, digits)}`
      : ''
  return `${two(h)}:${two(m)}:${two(s)}${fraction}`
}

const two = (number: number): string => String(number).padStart(2, '0')

/** `○ offline, last 12 s ago`: of a stream whose values are old. */
export function absent({ isUntold, silentS }: Partial<Pick<SceneStream, 'isUntold' | 'silentS'>> = {}): string {
  const word = isUntold ? '□ not known' : '○ offline'
  return silentS === undefined ? word : `${word}, last ${durationOf(Math.max(1, Math.floor(silentS)) * 1e6)} ago`
}

/** `told 40 s ago`: of what is old. */
export const toldAgo = (ageS: number): string => `told ${durationOf(Math.max(1, Math.floor(ageS)) * 1e6)} ago`

/** `1156/765`: what tells a stream from others of its area. */
export function shortName(topic: string): string {
  const [, , site, type, id] = topic.split('/')
  return type === 'PMU' ? `${site}/${id}` : `${site}/${type}/${id}`
}

export const count = (value: number): string => value.toLocaleString('en').replaceAll(',', ' ')

/** `1 frame`, `1 234 frames` */
export const frames = (number: number): string => `${count(number)} ${number === 1 ? 'frame' : 'frames'}`
