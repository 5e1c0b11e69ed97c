/** Which channels are seen: any of any stream, found by words. */
import { useState } from 'preact/hooks'
import type { StoredStream } from '../api/client.ts'
import { type ChosenChannel, MAX_CHOSEN, sameChannel } from '../history/view.ts'

/** Of those that were found, in the page at once. */
const MAX_FOUND = 60

interface Props {
  readonly streams: readonly StoredStream[]
  readonly chosen: readonly ChosenChannel[]
  readonly onChange: (chosen: readonly ChosenChannel[]) => void
}

export function HistoryChannels({ streams, chosen, onChange }: Props) {
  const [isOpen, setOpen] = useState(false)
  return (
    <details class="channels" open={isOpen} onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>
        Channels <span class="quiet">({chosen.length} chosen)</span>
      </summary>
      {isOpen && <Finder streams={streams} chosen={chosen} onChange={onChange} />}
    </details>
  )
}

function Finder({ streams, chosen, onChange }: Props) {
  const [words, setWords] = useState('')
  const found = find(streams, words)
  const isFull = chosen.length >= MAX_CHOSEN
  const toggle = (channel: ChosenChannel, isChosen: boolean): void =>
    onChange(isChosen ? chosen.filter((each) => !sameChannel(each, channel)) : [...chosen, channel])
  return (
    <>
      <div class="row">
        <label>
          find{' '}
          <input
            type="search"
            value={words}
            placeholder="766 freq"
            onInput={({ currentTarget }) => setWords(currentTarget.value)}
          />
        </label>
        <button type="button" disabled={chosen.length === 0} onClick={() => onChange([])}>
          none
        </button>
        {isFull && <span role="status">{MAX_CHOSEN} are the most</span>}
      </div>
      {found.streams.map(({ stream, channels }) => (
        <fieldset key={stream}>
          <legend>{stream}</legend>
          {channels.map(({ id, unit }) => {
            const isChosen = chosen.some((each) => sameChannel(each, { stream, id }))
            return (
              <label key={id}>
                <input
                  type="checkbox"
                  checked={isChosen}
                  disabled={isFull && !isChosen}
                  onChange={() => toggle({ stream, id }, isChosen)}
                />{' '}
                {id} {unit !== '' && <span class="quiet">{unit}</span>}
              </label>
            )
          })}
        </fieldset>
      ))}
      {found.more > 0 && <p class="quiet">{found.more} more: write words that they have.</p>}
    </>
  )
}

/** Those that have all words in the name of stream or channel. */
function find(
  streams: readonly StoredStream[],
  text: string,
): { readonly streams: StoredStream[]; readonly more: number } {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  const found: StoredStream[] = []
  let [count, more] = [0, 0]
  for (const each of streams) {
    const matching = each.channels.filter(({ id, unit }) => {
      const name = `${each.stream} ${id} ${unit}`.toLowerCase()
      return words.every((word) => name.includes(word))
    })
    const channels = matching.slice(0, MAX_FOUND - count)
    count += channels.length
    more += matching.length - channels.length
    if (channels.length > 0) found.push({ ...each, channels })
  }
  return { streams: found, more }
}
