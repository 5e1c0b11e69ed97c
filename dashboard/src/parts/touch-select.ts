/** A period chosen by a finger or a pen: sideways selects, up and down still scrolls the page (`touch-action: pan-y`). */
import type uPlot from 'uplot'

/** Returns what ends it. */
export function selectByTouch(plot: uPlot): () => void {
  const { over } = plot
  const ended = new AbortController()
  let fromX: number | undefined
  const xOf = (event: PointerEvent): number => {
    const { left, width } = over.getBoundingClientRect()
    return Math.min(width, Math.max(0, event.clientX - left))
  }
  const show = (toX: number, isChosen: boolean): void => {
    const [left, width] = [Math.min(fromX!, toX), Math.abs(toX - fromX!)]
    plot.setSelect({ left, width, top: 0, height: over.clientHeight }, isChosen)
  }
  const on = (
    type: 'pointerdown' | 'pointermove' | 'pointerup' | 'pointercancel',
    act: (event: PointerEvent) => void,
  ) =>
    over.addEventListener(
      type,
      // A mouse is uPlot's own.
      (event) => {
        if (event.pointerType !== 'mouse' && event.isPrimary) act(event)
      },
      { signal: ended.signal },
    )
  on('pointerdown', (event) => {
    fromX = xOf(event)
  })
  on('pointermove', (event) => {
    if (fromX !== undefined) show(xOf(event), false)
  })
  on('pointerup', (event) => {
    if (fromX !== undefined) show(xOf(event), true)
    fromX = undefined
  })
  on('pointercancel', () => {
    if (fromX !== undefined) show(fromX, false)
    fromX = undefined
  })
  return () => ended.abort()
}
