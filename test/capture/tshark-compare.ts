import type { PrintedField } from './tshark.ts'
import type { ExpectedField } from './tshark-expected.ts'

/** Printed, but no value of the frame: tshark's own notes, and headings of the tree. */
const notes = ['synphasor.data.conf_frame', 'synphasor.pmu_not_sync', 'synphasor.data_error']

const isValue = ({ name, show }: PrintedField): boolean =>
  name === '' ? show.startsWith('Station') : name.startsWith('synphasor.') && !notes.includes(name)

/** Every difference between what tshark printed and what we would print; [] when all fields agree. */
export function differences(printed: readonly PrintedField[], expected: readonly ExpectedField[]): string[] {
  const values = printed.filter(isValue)
  const found: string[] = []
  for (let i = 0; i < Math.max(values.length, expected.length); i++) {
    const has = values[i]
    const want = expected[i]
    if (has?.name !== want?.name) {
      found.push(`field ${i}: tshark prints ${has?.name} ${has?.showname}, we ${want?.name} ${want?.show}`)
      break
    }
    if (has && want && !agrees(has, want))
      found.push(`${has.name}: tshark "${has.showname || has.show}", we ${JSON.stringify(want)}`)
  }
  return found
}

function agrees(has: PrintedField, want: ExpectedField): boolean {
  if (want.show !== undefined && has.show !== want.show) return false
  if (want.contains !== undefined && !has.showname.includes(want.contains)) return false
  if (want.numbers === undefined) return true
  const texts = numbersIn(has.showname)
  return (
    texts.length === want.numbers.length &&
    want.numbers.every((number, i) => close(texts[i]!, number, want.degrees === i))
  )
}

/** The numbers of a long form, without those in quoted names and in the label. */
function numbersIn(showname: string): string[] {
  const text = showname.replaceAll(/"[^"]*"/g, '').replace(/ \* 10\^-5/, '')
  return text.match(/-?(?:\d+(?:\.\d+)?(?:e[+-]?\d+)?|nan|inf)/gi) ?? []
}

/** tshark prints a fixed number of decimals, or with %g six digits. */
function close(text: string, number: number, degrees: boolean): boolean {
  const printed = Number(text.replace(/inf/i, 'Infinity').replace(/nan/i, 'NaN'))
  if (Object.is(printed, number)) return true
  const [, decimals] = /\.(\d+)(?!.*e)/.exec(text) ?? []
  const unit =
    decimals === undefined ? 10 ** (Math.floor(Math.log10(Math.abs(number) || 1)) - 5) : 10 ** -decimals.length
  // Its arithmetic is partly in single precision: 24 bits.
  const tolerance = 0.505 * unit + Math.abs(number) * 2 ** -23
  const apart = Math.abs(printed - number)
  return apart <= tolerance || (degrees && Math.abs(apart - 360) <= tolerance)
}
