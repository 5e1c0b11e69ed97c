import { useAppState } from '../app-state.ts'
import { lineColour, lineDash } from './colours.ts'

/** The nth line of a plot, in its colour and its dashes. */
export function LineSwatch({ n }: { readonly n: number }) {
  const { theme } = useAppState()
  return (
    <svg class="line-swatch" viewBox="0 0 26 8" aria-hidden="true">
      <line
        x1="0"
        x2="26"
        y1="4"
        y2="4"
        stroke={lineColour(n, theme)}
        stroke-width="2.5"
        stroke-dasharray={lineDash(n)?.join(' ')}
      />
    </svg>
  )
}
