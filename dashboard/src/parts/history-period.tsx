/** Which period is seen: the last minutes to days, from and to, back, forward, nearer, further. */
import { useState } from 'preact/hooks'
import { useAppState } from '../app-state.ts'
import {
  bounded,
  inputOf,
  lastOf,
  lengthUs,
  type Period,
  presets,
  shifted,
  usOfInput,
  zoomed,
} from '../history/period.ts'

interface Props {
  readonly period: Period
  /** Where it is zoomed at; undefined: the middle. */
  readonly cursorUs: () => number | undefined
  readonly onChange: (period: Period) => void
}

export function HistoryPeriod({ period, cursorUs, onChange }: Props) {
  const { isUtc } = useAppState()
  const within = (): number | undefined => {
    const at = cursorUs()
    return at !== undefined && at > period.fromUs && at < period.toUs ? at : undefined
  }
  return (
    <div class="row">
      <fieldset class="buttons" aria-label="the last">
        {presets.map(({ title, us }) => (
          <button
            key={title}
            type="button"
            aria-pressed={Math.abs(lengthUs(period) - us) < 1e6 && Math.abs(period.toUs - Date.now() * 1000) < us / 10}
            onClick={() => onChange(lastOf(us, Date.now() * 1000))}
          >
            {title}
          </button>
        ))}
      </fieldset>
      <fieldset class="buttons" aria-label="move">
        <Move name="back" sign="◀" onClick={() => onChange(shifted(period, -0.5))} />
        <Move name="forward" sign="▶" onClick={() => onChange(shifted(period, 0.5))} />
        <Move name="zoom out" sign="−" onClick={() => onChange(zoomed(period, 2))} />
        <Move name="zoom in" sign="+" onClick={() => onChange(zoomed(period, 0.5, within()))} />
      </fieldset>
      <FromTo key={`${period.fromUs} ${period.toUs} ${isUtc}`} period={period} isUtc={isUtc} onChange={onChange} />
    </div>
  )
}

function Move({ name, sign, onClick }: { readonly name: string; readonly sign: string; readonly onClick: () => void }) {
  return (
    <button type="button" aria-label={name} title={name} onClick={onClick}>
      {sign}
    </button>
  )
}

function FromTo({ period, isUtc, onChange }: Pick<Props, 'period' | 'onChange'> & { readonly isUtc: boolean }) {
  const [texts, setTexts] = useState([inputOf(period.fromUs, isUtc), inputOf(period.toUs, isUtc)] as const)
  const [trouble, setTrouble] = useState<string>()
  const show = (event: Event): void => {
    event.preventDefault()
    const [fromUs, toUs] = texts.map((text) => usOfInput(text, isUtc))
    if (fromUs === undefined || toUs === undefined) setTrouble('a time is missing')
    else if (fromUs >= toUs) setTrouble('from is not before to')
    else onChange(bounded({ fromUs, toUs }))
  }
  const zone = isUtc ? 'UTC' : 'local'
  return (
    <form class="row from-to" onSubmit={show}>
      {(['from', 'to'] as const).map((name, at) => (
        <label key={name}>
          {name}{' '}
          <input
            type="datetime-local"
            step="0.001"
            name={name}
            aria-label={`${name} (${zone})`}
            value={texts[at]}
            onInput={({ currentTarget: { value } }) => setTexts(at === 0 ? [value, texts[1]] : [texts[0], value])}
          />
        </label>
      ))}
      <span class="quiet">{zone}</span>
      <button type="submit">show</button>
      {trouble !== undefined && (
        <span class="bad" role="alert">
          {trouble}
        </span>
      )}
    </form>
  )
}
