import { useAppState } from '../app-state.ts'
import { refText } from '../scene/channel-ref.ts'
import { phasorsOf } from './phasors.ts'

interface Props {
  /** `TOPIC|CHANNEL`, or nothing. */
  readonly value: string
  readonly onChange: (value: string) => void
}

/** The voltage of any PMU against which angles are told. */
export function ReferencePicker({ value, onChange }: Props) {
  const { scene } = useAppState()
  const options = scene.streams.flatMap(({ topic, buffer }) =>
    buffer
      ? phasorsOf(buffer.configuration, buffer.channels)
          .filter(({ unit }) => unit === 'V')
          .map(({ pmu, name, angle }) => ({
            text: refText({ stream: topic, channel: angle }),
            label: `${buffer.configuration.pmus[pmu]!.stn.trim()} ${name}`,
          }))
      : [],
  )
  return (
    <label>
      angles against{' '}
      <select value={value} onChange={(event) => onChange(event.currentTarget.value)}>
        <option value="">UTC (as sent)</option>
        {value !== '' && !options.some(({ text }) => text === value) && <option value={value}>{value}</option>}
        {options.map(({ text, label }) => (
          <option key={text} value={text}>
            {label}
          </option>
        ))}
      </select>
    </label>
  )
}
