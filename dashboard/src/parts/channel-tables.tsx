import { describeAnalogType } from '../../../src/c37118/index.ts'
import type { MeasurementBuffer } from '../scene/measurement-buffer.ts'
import { quantity } from './format.ts'

/** Analogs, and the bits of digital words that are in use, by their names. */
export function ChannelTables({ buffer, pmu }: { readonly buffer: MeasurementBuffer; readonly pmu: number }) {
  const { configuration, latest } = buffer
  const isSeen = buffer.timeS !== undefined
  const { analogs, digitals } = configuration.pmus[pmu]!
  const before = configuration.pmus.slice(0, pmu)
  const firstAnalog = before.reduce((sum, each) => sum + each.analogs.length, 0)
  const firstDigital = before.reduce((sum, each) => sum + each.digitals.length, 0)
  const bits = digitals.flatMap(({ labels, normal, valid }, word) =>
    labels.flatMap((label, bit) => {
      if (((valid >> bit) & 1) === 0) return []
      const isSet = ((latest.digitals[firstDigital + word]! >> bit) & 1) === 1
      return [
        {
          key: `${word}.${bit}`,
          label: label.trim() || `bit ${bit} of word ${word + 1}`,
          isSet,
          // Of what nobody has said, it is neither.
          isNormal: !isSeen || isSet === (((normal >> bit) & 1) === 1),
        },
      ]
    }),
  )
  return (
    <>
      {analogs.length > 0 && (
        <table>
          <thead>
            <tr>
              <th>analog</th>
              <th>kind</th>
              <th class="number">value</th>
            </tr>
          </thead>
          <tbody>
            {analogs.map(({ name, type }, at) => (
              <tr key={at}>
                <td>{name.trim()}</td>
                <td class="quiet">{type === undefined ? '' : describeAnalogType(type)}</td>
                <td class="number" data-analog={name.trim()}>
                  {quantity(isSeen ? latest.analogs[firstAnalog + at]! : Number.NaN, '')}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {bits.length > 0 && (
        <table>
          <thead>
            <tr>
              <th>digital</th>
              <th>state</th>
            </tr>
          </thead>
          <tbody>
            {bits.map(({ key, label, isSet, isNormal }) => (
              <tr key={key}>
                <td>{label}</td>
                <td class={isNormal ? '' : 'bad'} data-digital={label}>
                  {isSeen ? `${isSet ? '■ 1' : '□ 0'}${isNormal ? '' : ' not normal'}` : '–'}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </>
  )
}
