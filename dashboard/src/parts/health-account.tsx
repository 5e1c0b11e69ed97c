/** What became of every timestamp: a bar whose parts differ in pattern as in colour, and the numbers in words. */
import { type AccountJson, type CountsByReason, reasonWords } from '../../../src/streams/index.ts'
import { addsUp, barOf, type PartKey, partKeys, partsOf, partWords } from '../health/account-parts.ts'
import { count } from './format.ts'

export function AccountLegend() {
  return (
    <ul class="account-legend" aria-label="parts of an account">
      {partKeys.map((key) => (
        <li key={key} title={partWords[key].meaning}>
          <Swatch part={key} /> {partWords[key].name}
        </li>
      ))}
    </ul>
  )
}

export function Account({ account }: { readonly account: AccountJson | undefined }) {
  if (!account) return <p class="quiet">This consumer tells no account of it.</p>
  const parts = partsOf(account)
  const { expected, outside, duplicates, conflicts } = account
  const beside = [
    ...Object.entries(outside).map(([reason, number]) => ({
      name: `outside (${reasonWords(reason)})`,
      number,
      isBad: false,
    })),
    { name: 'duplicates', number: duplicates, isBad: false },
    { name: 'conflicts', number: conflicts, isBad: true },
  ].filter(({ number }) => number > 0)
  return (
    <div class="account">
      <Bar parts={parts} />
      <p>
        <span data-part="expected" data-count={expected}>
          expected <b>{count(expected)}</b>
        </span>{' '}
        ={' '}
        {parts.map(({ key, count: number, reasons }, n) => (
          <span key={key}>
            {n > 0 && ' + '}
            <span
              data-part={key}
              data-count={number}
              class={number === 0 ? 'quiet' : key === 'lost' || key === 'pending' ? 'bad' : ''}
            >
              {partWords[key].name} <b>{count(number)}</b>
              {number > 0 && <Reasons reasons={reasons} />}
            </span>
          </span>
        ))}
        {!addsUp(account) && <span class="bad"> ✕ this does not add up</span>}
      </p>
      {beside.length > 0 && (
        <p class="quiet">
          beside:{' '}
          {beside.map(({ name, number, isBad }, n) => (
            <span key={name} class={isBad ? 'bad' : ''} data-beside={name} data-count={number}>
              {n > 0 && ', '}
              {name} <b>{count(number)}</b>
            </span>
          ))}
        </p>
      )}
    </div>
  )
}

function Bar({ parts }: { readonly parts: readonly { readonly key: PartKey; readonly count: number }[] }) {
  return (
    <div class="account-bar" aria-hidden="true">
      {barOf(parts).map(({ key, width }) => (
        <span key={key} class={`part-${key}`} style={{ width: `${width}%` }} title={partWords[key].name} />
      ))}
    </div>
  )
}

function Reasons({ reasons }: { readonly reasons: CountsByReason }) {
  const words = Object.entries(reasons)
    .filter(([, number]) => number > 0)
    .map(([reason, number]) => `${reasonWords(reason)}: ${count(number)}`)
  return words.length === 0 ? null : <> ({words.join(', ')})</>
}

export const Swatch = ({ part }: { readonly part: PartKey }) => (
  <span class={`part-swatch part-${part}`} aria-hidden="true" />
)
