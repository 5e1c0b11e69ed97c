/** Finds a channel by its words, and takes it by a click or by the keyboard alone. */
import { useId, useRef, useState } from 'preact/hooks'
import { useAppState } from '../app-state.ts'
import { type Choice, findChoices, isChannel } from '../compare/choices.ts'
import { type ChannelRef, refText } from '../scene/channel-ref.ts'

interface Props {
  readonly chosen: readonly ChannelRef[]
  /** There is no room for another one. */
  readonly isFull: boolean
  readonly onToggle: (ref: ChannelRef) => void
  /** The channels of a stream are wanted that is not followed by itself. */
  readonly onOpenStream: (topic: string) => void
}

export function ComparePicker({ chosen, isFull, onToggle, onOpenStream }: Props) {
  const { scene } = useAppState()
  const [text, setText] = useState('')
  const [isOpen, setOpen] = useState(false)
  const [at, setAt] = useState(0)
  // Enter takes out only what the arrow keys have gone to: the first that is found may be there already.
  const [isGoneTo, setGoneTo] = useState(false)
  const id = useId()
  const place = useRef<HTMLDivElement>(null)
  const { choices, more } = isOpen ? findChoices(scene.streams, text) : { choices: [], more: 0 }
  const active = Math.min(at, choices.length - 1)
  const has = new Set(chosen.map(refText))

  const move = (to: number): void => {
    const next = choices.length === 0 ? 0 : (to + choices.length) % choices.length
    setAt(next)
    setGoneTo(true)
    document.getElementById(`${id}-${next}`)?.scrollIntoView({ block: 'nearest' })
  }
  const take = (choice: Choice | undefined, canRemove: boolean): void => {
    if (!choice) return
    if (!isChannel(choice)) onOpenStream(choice.stream)
    else if (has.has(refText(choice)) ? canRemove : !isFull) onToggle(choice)
  }
  const keys: Readonly<Record<string, () => void>> = {
    ArrowDown: () => (isOpen ? move(active + 1) : setOpen(true)),
    ArrowUp: () => (isOpen ? move(active - 1) : setOpen(true)),
    Enter: () => (isOpen ? take(choices[active], isGoneTo) : setOpen(true)),
    Escape: () => (isOpen ? setOpen(false) : setText('')),
  }
  return (
    <div
      class="picker"
      ref={place}
      onFocusOut={(event) => {
        if (!place.current?.contains(event.relatedTarget as Node | null)) setOpen(false)
      }}
    >
      <input
        type="text"
        role="combobox"
        aria-label="add a channel"
        aria-autocomplete="list"
        aria-expanded={isOpen}
        aria-controls={`${id}-list`}
        aria-activedescendant={isOpen && choices.length > 0 ? `${id}-${active}` : undefined}
        placeholder="Add a channel: station, VA, freq …"
        autocomplete="off"
        spellcheck={false}
        value={text}
        onFocus={() => setOpen(true)}
        onClick={() => setOpen(true)}
        onInput={(event) => {
          setText(event.currentTarget.value)
          setOpen(true)
          setAt(0)
          setGoneTo(false)
        }}
        onKeyDown={(event) => {
          const act = keys[event.key]
          if (!act) return
          event.preventDefault()
          act()
        }}
      />
      {isOpen && (
        <div class="choices" id={`${id}-list`} role="listbox" aria-label="channels" aria-multiselectable="true">
          {choices.map((choice, n) => (
            // Options are reached by the arrow keys of the input, as a combobox has them.
            // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are the input's
            <div
              key={isChannel(choice) ? refText(choice) : choice.stream}
              id={`${id}-${n}`}
              role="option"
              tabIndex={-1}
              aria-selected={isChannel(choice) && has.has(refText(choice))}
              class={n === active ? 'active' : ''}
              onMouseDown={(event) => event.preventDefault()}
              onClick={() => {
                setAt(n)
                take(choice, true)
              }}
            >
              <ChoiceText choice={choice} isChosen={isChannel(choice) && has.has(refText(choice))} />
            </div>
          ))}
          <p class="quiet">{closingWords(choices.length, more, isFull)}</p>
        </div>
      )}
    </div>
  )
}

function ChoiceText({ choice, isChosen }: { readonly choice: Choice; readonly isChosen: boolean }) {
  if (!isChannel(choice))
    return (
      <>
        <span>… show the channels of</span> <span class="quiet">{choice.stream}</span>
      </>
    )
  return (
    <>
      <span>
        {isChosen ? '✓ ' : ''}
        {choice.label} {choice.unit !== '' && <span class="quiet">{choice.unit}</span>}
      </span>{' '}
      <span class="quiet topic">{choice.stream}</span>
    </>
  )
}

function closingWords(found: number, more: number, isFull: boolean): string {
  if (isFull) return 'No more fit into one drawing: take some out first.'
  if (found === 0) return 'No channel has these words.'
  return more > 0
    ? `${more} more: add a word.`
    : 'Enter adds; where the arrow keys went, Enter again takes out. Esc closes.'
}
